package dev.qanat.backup;

import java.util.Locale;

/**
 * In which order objects are made where nothing else is known of them; what one needs comes before it in any case. Rows come before
 * what would check or index them one by one, those of tables that others wait to replace before all others, and triggers when nothing
 * is written any more.
 */
enum Phase {
    EXTENSION,
    SCHEMA,
    TYPE,
    SEQUENCE,
    FUNCTION,
    TABLE,
    REPLACED_ROWS,
    ROWS,
    OWNED_SEQUENCE,
    POSITION,
    CONSTRAINT,
    INDEX,
    FOREIGN_KEY,
    VIEW,
    MATERIALIZED_VIEW,
    RULE,
    TRIGGER,
    COMMENT;

    /** Whether what it makes is an object of its own, of which a name tells. */
    boolean isTold() {
        return this != OWNED_SEQUENCE && this != POSITION && this != COMMENT;
    }

    /** What it makes, for people. */
    String told() {
        return this == ROWS || this == REPLACED_ROWS ? "rows of" : name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    /** Whether an object of this phase on a table is made when its rows are there. */
    boolean followsRows() {
        return compareTo(ROWS) > 0;
    }
}
