package dev.qanat.validate;

import dev.qanat.failure.Code;
import org.jspecify.annotations.Nullable;

/**
 * A record that does not enter the table.
 *
 * @param line where it starts in its source
 * @param column the first faulty column in the contract's order; null when the record as a whole is at fault
 * @param code a record's code
 * @param reason for people: what was expected, what was found
 * @param record the record as text, at most 64 KiB of it
 */
public record Rejection(long line, @Nullable String column, Code code, String reason, String record) {}
