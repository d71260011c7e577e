package dev.qanat.serve;

import org.jooq.Field;

/**
 * A column of what a query reads from: of the table, or of its groups.
 *
 * @param type what is known of its values; its name is that of the table's column or of the aggregate
 */
record QueryColumn(Field<String> field, ServedColumn type) {}
