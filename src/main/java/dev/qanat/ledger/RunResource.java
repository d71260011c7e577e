package dev.qanat.ledger;

import java.util.List;

/**
 * What a run did to one resource.
 *
 * @param table its table with schema, such as {@code silver.sales}
 * @param schemaChanges how many fields differ from what they were
 * @param toldChanges the first of these, by path
 */
public record RunResource(String resource, String table, Counts counts, long schemaChanges, List<SchemaChange> toldChanges) {}
