package dev.qanat.validate;

import dev.qanat.failure.Code;
import org.jspecify.annotations.Nullable;

/**
 * What is wrong with a record or an item.
 *
 * @param column the column; null when the whole is at fault
 * @param ofType whether a value does not fit its column, which {@code data_type} of the schema contract is about
 */
record Finding(@Nullable String column, Code code, String reason, boolean ofType) {

    Finding(@Nullable String column, Code code, String reason) {
        this(column, code, reason, false);
    }
}
