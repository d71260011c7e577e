package dev.qanat.backup;

/**
 * The rows of a table in PostgreSQL's text format, as they were copied.
 *
 * @param table quoted, with its schema
 * @param sha256 of all bytes, in hexadecimal digits
 */
record Copied(String table, long rows, long bytes, String sha256) {}
