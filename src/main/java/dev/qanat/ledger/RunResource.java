package dev.qanat.ledger;

/**
 * What a run did to one resource.
 *
 * @param table its table with schema, such as {@code silver.sales}
 */
public record RunResource(String resource, String table, Counts counts) {}
