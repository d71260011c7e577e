package dev.qanat.records;

import dev.qanat.failure.Code;

/**
 * What is wrong with a record before its values are looked at.
 *
 * @param code a record's code, such as {@link Code#FIELD_COUNT}
 * @param reason for people: what was expected, what was found
 */
public record Fault(Code code, String reason) {}
