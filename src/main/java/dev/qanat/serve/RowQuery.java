package dev.qanat.serve;

import java.util.List;
import org.jooq.Field;
import org.jooq.JSON;
import org.jooq.Select;
import org.jooq.impl.DSL;
import org.jooq.impl.SQLDataType;

/** The statement that gives one row of a table that a pipeline loads: its JSON text, and its version. */
final class RowQuery {

    private static final String TABLE = "t";
    private static final String ROW = "_row";

    private RowQuery() {}

    static Select<?> of(ServedTable table, ServedColumn key, String id) {
        List<Field<Object>> columns = table.columns().stream().map(column -> in(TABLE, column.name()).as(column.name())).toList();
        return DSL.select(
                        DSL.function("row_to_json", JSON.class, DSL.field(DSL.quotedName(ROW))).cast(SQLDataType.CLOB),
                        in(TABLE, "xmin").cast(SQLDataType.CLOB).concat(DSL.inline("."), in(TABLE, "_run_id").cast(SQLDataType.CLOB)))
                .from(DSL.table(DSL.name(table.schema(), table.name())).as(TABLE))
                .crossJoin(DSL.lateral(DSL.select(columns).asTable(ROW)))
                .where(DSL.field(DSL.name(TABLE, key.name()), key.castType()).eq(DSL.val(id).cast(key.castType())));
    }

    private static Field<Object> in(String table, String column) {
        return DSL.field(DSL.name(table, column));
    }
}
