package dev.qanat.serve;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import jakarta.inject.Singleton;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;

/**
 * Which version of a table's rows stands: a text that is another one after each transaction that has written any, and the same in all
 * processes. A table has one when its changes are noted, as those of pipelines and models are, whoever makes them; a view has one when all
 * tables beneath it have and nothing in it can change by itself: every function it calls is PostgreSQL's own and immutable. What else
 * may change without a row being written leaves a table without: a parent or a child in inheritance, policies of row security, an unlogged
 * table, which a crash empties, and columns of types that users made or that are shown by the names of other objects.
 *
 * <p>Whoever reads the version before the rows may find rows that are newer than it, never older ones. Safe for use by several threads.
 */
@Singleton
final class Freshness {
    private static final Duration RECENT = Duration.ofMillis(500);

    /** Whatever alters a relation writes its rows in the catalogue, and {@code xmin} is another one. Oids from 16384 on are of users' objects. */
    private static final String VERSION = """
            WITH RECURSIVE relation (oid) AS (
                SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ? AND c.relname = ?
                UNION
                SELECT used[1]::oid FROM relation r JOIN pg_rewrite w ON w.ev_class = r.oid AND w.ev_type = '1',
                    regexp_matches(w.ev_action::text, ':relid (\\d+)', 'g') AS used),
            state AS (
                SELECT r.oid, c.relfilenode, c.xmin, attributes.steady, attributes.state AS columns,
                    CASE c.relkind
                        WHEN 'r' THEN (
                            SELECT format('%s %s', t.xmin, string_agg(h.change::text, ' ' ORDER BY h.change))
                            FROM pg_trigger t JOIN qanat.table_change h ON h.relation = t.tgrelid
                            WHERE t.tgrelid = r.oid AND t.tgfoid = 'qanat.note_change'::regproc AND t.tgenabled = 'A'
                              AND c.relpersistence = 'p' AND NOT c.relrowsecurity AND NOT c.relhassubclass
                              AND NOT EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = r.oid)
                            GROUP BY t.oid, t.xmin)
                        WHEN 'v' THEN (
                            SELECT w.xmin::text FROM pg_rewrite w
                            WHERE w.ev_class = r.oid AND w.ev_type = '1'
                              AND w.ev_action::text !~ '\\{(SQLVALUEFUNCTION|NEXTVALUEEXPR|TABLESAMPLECLAUSE|TABLEFUNC|JSONEXPR|XMLEXPR) '
                              AND NOT EXISTS (
                                SELECT FROM regexp_matches(
                                    w.ev_action::text, ':(funcid|opfuncid|aggfnoid|winfnoid|opno|resulttype) ([1-9]\\d*)', 'g') AS used
                                LEFT JOIN pg_operator o ON used[1] = 'opno' AND o.oid = used[2]::oid
                                LEFT JOIN pg_type y ON used[1] = 'resulttype' AND y.oid = used[2]::oid
                                LEFT JOIN pg_proc p ON p.oid = coalesce(o.oprcode::oid, y.typinput::oid, used[2]::oid)
                                WHERE p.provolatile IS DISTINCT FROM 'i' OR used[2]::oid >= 16384))
                    END AS rows
                FROM relation r
                LEFT JOIN pg_class c ON c.oid = r.oid
                CROSS JOIN LATERAL (
                    SELECT string_agg(a.xmin::text, ' ' ORDER BY a.attnum) AS state,
                        bool_and(a.atttypid < 16384 AND y.typname NOT LIKE 'reg%') AS steady
                    FROM pg_attribute a LEFT JOIN pg_type y ON y.oid = a.atttypid
                    WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped) AS attributes)
            SELECT md5(string_agg(concat_ws(' ', oid, relfilenode, xmin, columns, rows), ',' ORDER BY oid)) FROM state
            HAVING bool_and(rows IS NOT NULL AND steady)""";

    private final Cache<String, Optional<String>> recent =
            Caffeine.newBuilder().expireAfterWrite(RECENT).maximumSize(10_000).build();
    private final Cache<ServedTable, String> shapes = Caffeine.newBuilder().weakKeys().build();

    /** The version that stands now; empty where nobody can tell. */
    Optional<String> now(Connection connection, ServedTable table) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(VERSION)) {
            select.setString(1, table.schema());
            select.setString(2, table.name());
            try (ResultSet row = select.executeQuery()) {
                Optional<String> state = row.next() ? Optional.ofNullable(row.getString(1)) : Optional.empty();
                recent.put(table.toString(), state);
                return of(state, table);
            }
        }
    }

    /** The version that stood half a second ago, or later. */
    Optional<String> recent(Connection connection, ServedTable table) throws SQLException {
        Optional<String> known = recent.getIfPresent(table.toString());
        return known == null ? now(connection, table) : of(known, table);
    }

    /** The table may be known as it was a moment ago. */
    private Optional<String> of(Optional<String> state, ServedTable table) {
        return state.map(text -> text + " " + shapes.get(table, Freshness::shape));
    }

    /** A text for what a table's rows look like. */
    static String shape(ServedTable table) {
        byte[] shape = (table.columns() + " " + table.key()).getBytes(StandardCharsets.UTF_8);
        return UUID.nameUUIDFromBytes(shape).toString();
    }
}
