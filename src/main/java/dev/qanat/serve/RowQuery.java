package dev.qanat.serve;

import java.util.List;
import org.jooq.Field;
import org.jooq.JSON;
import org.jooq.SQLDialect;
import org.jooq.impl.DSL;
import org.jooq.impl.SQLDataType;

/** The statement that gives one row of a table that a pipeline loads: its JSON text, and its version. */
final class RowQuery {

    private static final String TABLE = "t";

    private RowQuery() {}

    /** @return the statement's SQL, with a question mark for the id's text */
    static String of(ServedTable table, ServedColumn key) {
        List<Field<String>> columns = table.columns().stream().map(column -> in(TABLE, column.name()).as(column.name())).toList();
        // A column of the alias' name would be taken for the row.
        StringBuilder row = new StringBuilder("row");
        while (table.column(row.toString()).isPresent()) {
            row.append('_');
        }
        return DSL.using(SQLDialect.POSTGRES).render(DSL.select(
                        DSL.function("row_to_json", JSON.class, DSL.field(DSL.quotedName(row.toString()))).cast(SQLDataType.CLOB),
                        in(TABLE, "xmin").cast(SQLDataType.CLOB).concat(DSL.inline("."), in(TABLE, "_run_id").cast(SQLDataType.CLOB)))
                .from(DSL.table(DSL.name(table.schema(), table.name())).as(TABLE))
                .crossJoin(DSL.lateral(DSL.select(columns).asTable(row.toString())))
                .where(DSL.field(DSL.name(TABLE, key.name()), key.castType()).eq(DSL.val("").cast(key.castType()))));
    }

    private static Field<String> in(String table, String column) {
        return DSL.field(DSL.name(table, column), SQLDataType.CLOB);
    }
}
