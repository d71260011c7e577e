package dev.qanat.failure;

import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;

/**
 * The stable codes of everything that can go wrong. Programs may rely on them; {@code docs/reference/errors.md} says for each
 * what it means and what to do, and a test keeps the two equal.
 */
public enum Code {
    // A pipeline's YAML
    NOT_YAML,
    UNKNOWN_KEY,
    MISSING_KEY,
    DUPLICATE_KEY,
    WRONG_TYPE,
    INVALID_NAME,
    INVALID_VALUE,
    UNKNOWN_REFERENCE,
    CONFLICTING_KEYS,
    NOT_SUPPORTED,
    UNSET_VARIABLE,
    LITERAL_SECRET,
    TABLE_CLAIMED,
    INVALID_EXPRESSION,

    // A dbt project
    INVALID_PROJECT,
    INVALID_TEMPLATE,
    INVALID_SELECTION,
    DEPENDENCY_CYCLE,
    MODEL_FAILED,
    TEST_FAILED,
    MODEL_SKIPPED,

    // A record
    FIELD_COUNT,
    INVALID_ENCODING,
    INVALID_CHARACTER,
    MALFORMED_RECORD,
    NOT_AN_OBJECT,
    TYPE_MISMATCH,
    OUT_OF_RANGE,
    REQUIRED,
    BELOW_MIN,
    ABOVE_MAX,
    PATTERN_MISMATCH,
    NOT_IN_VALUES,
    UNDECLARED_COLUMN,
    FILTERED,
    EXPRESSION_FAILED,

    // A file or a run
    INVALID_SECRET,
    NO_RESOURCE,
    EMPTY_FILE,
    BINARY_FILE,
    CORRUPT_GZIP,
    CORRUPT_ZIP,
    TOO_LARGE,
    MALFORMED_CSV,
    MALFORMED_JSON,
    MISSING_COLUMN,
    TOO_MANY_COLUMNS,
    ALL_REJECTED,
    MAX_ERRORS_EXCEEDED,
    SCHEMA_FROZEN,
    EXPORT_FAILED,
    INCOMPATIBLE_SCHEMA,
    NOT_REBUILDABLE,
    FILE_MISSING,
    FILE_UNREADABLE,
    FILE_CHANGED,
    OUTSIDE_HOME,
    DATABASE_UNAVAILABLE,
    DATABASE_CONFLICT,
    DATABASE_REFUSED,
    STAGING_LOST,
    LEASE_LOST,
    PARTITION_FAILED,
    CURSOR_MISSING,
    CURSOR_GAP,
    HOST_NOT_ALLOWED,
    NO_ANSWER,
    INTERRUPTED,
    CANCELLED,
    INTERNAL_ERROR,

    // An API
    HTTP_401,
    HTTP_403,
    HTTP_404,
    HTTP_429,
    HTTP_4XX,
    HTTP_5XX,
    HTTP_UNEXPECTED,
    RATE_LIMITED,
    QUOTA_EXHAUSTED,
    GAVE_WAY,
    API_REFUSED,
    TOKEN_REFUSED,
    EMPTY_BODY,
    NULL_BODY,
    EMPTY_OBJECT,
    HTML_BODY,
    NOT_CSV,
    NOTHING_SELECTED,
    TRUNCATED_BODY,
    CONNECTION_LOST,
    BAD_LINK,
    TOO_MANY_REDIRECTS,
    PAGE_LOOP,
    TOO_MANY_PAGES,

    // A request
    UNKNOWN_PIPELINE,
    UNKNOWN_VERSION,
    UNKNOWN_RESOURCE,
    UNKNOWN_RUN,
    UNKNOWN_SCHEDULE,
    INVALID_SCHEDULE,
    SCHEDULE_NOT_SET,
    NOT_CANCELLABLE,
    ALREADY_RUNNING,
    IDEMPOTENCY_KEY_IN_USE,
    IDEMPOTENCY_KEY_REUSED,
    NOTHING_TO_REPLAY,
    INVALID_PIPELINE,
    INVALID_REQUEST,
    BODY_TOO_LARGE,
    NOT_FOUND,
    METHOD_NOT_ALLOWED,
    UNAUTHORIZED,
    FORBIDDEN,
    TOO_MANY_ATTEMPTS,
    TOO_MANY_LISTENERS,
    TOO_MANY_DOWNLOADS,
    UNKNOWN_TABLE,
    UNKNOWN_ROW,
    KEY_EXISTS,
    ROW_CHANGED,
    INVALID_ROW,
    UNSUPPORTED_MEDIA_TYPE,
    NOT_ACCEPTABLE,
    TOO_MANY_QUERIES,
    QUERY_TIMED_OUT,
    QUERY_FAILED,
    UNKNOWN_API_KEY,
    ADMIN_KEY_NEEDED,

    // A start
    INVALID_SETTING,
    HOME_IN_USE,
    PORT_IN_USE,
    OPEN_WITHOUT_CREDENTIALS,
    NEWER_SCHEMA,

    // A backup
    BACKUP_DAMAGED,
    BACKUP_TOO_NEW,
    BACKUP_FAILED,
    DATABASE_NOT_EMPTY,
    NOT_CARRIED;

    /** The code as it appears in replies, in the ledger and in logs, such as {@code field_count}. */
    public String id() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Those with which a record of a source is rejected. */
    public static Set<Code> ofRecords() {
        Set<Code> codes = EnumSet.range(FIELD_COUNT, EXPRESSION_FAILED);
        codes.remove(FILTERED);
        return codes;
    }

    /** The code with this {@link #id()}; an unknown one is a programming error. */
    public static Code of(String id) {
        return valueOf(id.toUpperCase(Locale.ROOT));
    }
}
