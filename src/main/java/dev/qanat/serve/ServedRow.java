package dev.qanat.serve;

/**
 * One row.
 *
 * @param json an object with its columns
 * @param version another one whenever the row was written
 */
public record ServedRow(String json, String version) {}
