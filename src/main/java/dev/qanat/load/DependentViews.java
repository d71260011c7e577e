package dev.qanat.load;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/**
 * The views that hang on a table, directly or through other views. PostgreSQL refuses to change a column's type under them; they
 * are dropped before and made anew afterwards, with all that a user gave them (owner, grants, options, indexes, defaults, triggers,
 * comments), in the transaction of the change.
 */
public final class DependentViews {

    /**
     * A view that hangs on a table.
     *
     * @param table its name
     * @param name as statements have it, such as {@code VIEW gold.totals}
     * @param create the statements that make it anew
     */
    public record View(TableName table, String name, List<String> create) {}

    private final List<View> views;

    private DependentViews(List<View> views) {
        this.views = views;
    }

    /**
     * The views as they stand; the nearest to the table come first. Until the transaction ends nobody else who asks here gets an answer:
     * two tables may have views in common, and what is being made anew cannot be described.
     */
    public static DependentViews of(Connection connection, TableName table) throws SQLException {
        List<View> views = new ArrayList<>();
        try (Statement lock = connection.createStatement()) {
            lock.execute("SELECT pg_advisory_xact_lock(hashtextextended('qanat dependent views', 0))");
        }
        try (PreparedStatement select = connection.prepareStatement("""
                WITH RECURSIVE hanging(view, depth) AS (
                    SELECT rewrite.ev_class, 1
                    FROM pg_depend depend JOIN pg_rewrite rewrite ON rewrite.oid = depend.objid
                    WHERE depend.classid = 'pg_rewrite'::regclass AND depend.refclassid = 'pg_class'::regclass
                      AND depend.refobjid = to_regclass(?) AND rewrite.ev_class <> depend.refobjid
                    UNION
                    SELECT rewrite.ev_class, hanging.depth + 1
                    FROM hanging
                    JOIN pg_depend depend ON depend.refobjid = hanging.view AND depend.refclassid = 'pg_class'::regclass
                         AND depend.classid = 'pg_rewrite'::regclass
                    JOIN pg_rewrite rewrite ON rewrite.oid = depend.objid AND rewrite.ev_class <> hanging.view
                    WHERE hanging.depth < 100
                )
                SELECT class.oid, nspname, relname, format('%I.%I', nspname, relname) AS name,
                       CASE relkind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'VIEW' END AS kind,
                       coalesce(' WITH (' || array_to_string(reloptions, ', ') || ')', '') AS options,
                       rtrim(pg_get_viewdef(class.oid), ';') AS definition,
                       quote_ident(pg_get_userbyid(relowner)) AS owner,
                       CASE WHEN relispopulated THEN '' ELSE ' WITH NO DATA' END AS population,
                       ARRAY(
                           SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = class.oid
                           UNION ALL
                           SELECT format('ALTER VIEW %I.%I ALTER COLUMN %I SET DEFAULT %s', nspname, relname, attname,
                                         pg_get_expr(adbin, adrelid))
                           FROM pg_attrdef JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum WHERE adrelid = class.oid
                           UNION ALL
                           SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = class.oid AND NOT tgisinternal
                           UNION ALL
                           SELECT pg_get_ruledef(oid) FROM pg_rewrite WHERE ev_class = class.oid AND rulename <> '_RETURN'
                           UNION ALL
                           SELECT format('GRANT %s%s ON %I.%I TO %s%s', privilege_type, of_column, nspname, relname,
                                         CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END,
                                         CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
                           FROM (SELECT '' AS of_column, relacl AS acl
                                 UNION ALL
                                 SELECT format(' (%I)', attname), attacl FROM pg_attribute WHERE attrelid = class.oid) AS granted,
                                aclexplode(acl)
                           UNION ALL
                           SELECT format('COMMENT ON %s %I.%I IS %L', CASE relkind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'VIEW' END,
                                         nspname, relname, obj_description(class.oid, 'pg_class'))
                           WHERE obj_description(class.oid, 'pg_class') IS NOT NULL
                           UNION ALL
                           SELECT format('COMMENT ON COLUMN %I.%I.%I IS %L', nspname, relname, attname,
                                         col_description(attrelid, attnum))
                           FROM pg_attribute WHERE attrelid = class.oid AND col_description(attrelid, attnum) IS NOT NULL
                       ) AS further
                FROM (SELECT view, max(depth) AS depth FROM hanging GROUP BY view) AS views
                JOIN pg_class class ON class.oid = view JOIN pg_namespace ON pg_namespace.oid = relnamespace
                WHERE relkind IN ('v', 'm')
                ORDER BY depth, name""")) {
            select.setString(1, table.sql());
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    views.add(view(row));
                }
            }
        }
        return new DependentViews(views);
    }

    private static View view(ResultSet row) throws SQLException {
        String name = row.getString("kind") + " " + row.getString("name");
        List<String> create = new ArrayList<>();
        create.add("CREATE " + name + row.getString("options") + " AS " + row.getString("definition") + row.getString("population"));
        create.add("ALTER " + name + " OWNER TO " + row.getString("owner"));
        create.addAll(List.of((String[]) row.getArray("further").getArray()));
        return new View(new TableName(row.getString("nspname"), row.getString("relname")), name, create);
    }

    /** What they are called, such as {@code VIEW gold.totals}. */
    List<String> names() {
        return views.stream().map(View::name).toList();
    }

    /** The statements that drop them, those farthest from the table first. */
    public List<String> drops() {
        List<String> drops = new ArrayList<>();
        views.forEach(view -> drops.add(0, "DROP " + view.name()));
        return drops;
    }

    /** Those nearest to the table first. */
    public List<View> views() {
        return views;
    }

    /** The statements that make them anew, those nearest to the table first. */
    List<String> creates() {
        return views.stream().flatMap(view -> view.create().stream()).toList();
    }
}
