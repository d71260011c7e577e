package dev.qanat.backup;

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

    /** Whether an object of this phase on a table is made when its rows are there. */
    boolean followsRows() {
        return compareTo(ROWS) > 0;
    }
}
