package dev.qanat.build;

import dev.qanat.transform.ExistingRelations;
import dev.qanat.transform.Node;
import dev.qanat.transform.Relation;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What stands in the schemas of a project, as it was when it was asked. */
final class Catalog implements ExistingRelations {

    private final Map<Relation, Kind> relations;

    private Catalog(Map<Relation, Kind> relations) {
        this.relations = relations;
    }

    /** All that stands in the schemas of the nodes. */
    static Catalog of(Connection connection, Collection<Node> nodes) throws SQLException {
        String database = connection.getCatalog();
        String[] schemas = nodes.stream().map(node -> node.relation().schema()).distinct().toArray(String[]::new);
        Map<Relation, Kind> relations = new HashMap<>();
        try (PreparedStatement select = connection.prepareStatement("""
                SELECT nspname, relname, relkind FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
                WHERE nspname = ANY (?) AND relkind IN ('r', 'p', 'v', 'm', 'f')""")) {
            select.setArray(1, connection.createArrayOf("text", schemas));
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    relations.put(new Relation(database, row.getString(1), row.getString(2)), kind(row.getString(3)));
                }
            }
        }
        return new Catalog(relations);
    }

    /** What stands under these names now. */
    static Catalog of(Connection connection, Relation... relations) throws SQLException {
        Map<Relation, Kind> found = new HashMap<>();
        try (PreparedStatement select = connection.prepareStatement("""
                SELECT n, relkind FROM unnest(CAST(? AS text[])) WITH ORDINALITY AS given (name, n)
                JOIN pg_class ON pg_class.oid = to_regclass(name)""")) {
            select.setArray(1, connection.createArrayOf("text", Arrays.stream(relations).map(Sql::name).toArray(String[]::new)));
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    found.put(relations[row.getInt(1) - 1], kind(row.getString(2)));
                }
            }
        }
        return new Catalog(found);
    }

    private static Kind kind(String relkind) {
        return switch (relkind) {
            case "r", "p" -> Kind.TABLE;
            case "v" -> Kind.VIEW;
            default -> Kind.OTHER;
        };
    }

    @Override
    public Optional<Kind> find(Relation relation) {
        return Optional.ofNullable(relations.get(relation));
    }

    /** A relation's columns in their order, each with its type. */
    static Map<String, String> columns(Connection connection, Relation relation) throws SQLException {
        Map<String, String> columns = new LinkedHashMap<>();
        try (PreparedStatement select = connection.prepareStatement("""
                SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
                WHERE attrelid = to_regclass(?) AND attnum > 0 AND NOT attisdropped ORDER BY attnum""")) {
            select.setString(1, Sql.name(relation));
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    columns.put(row.getString(1), row.getString(2));
                }
            }
        }
        return columns;
    }

    /** A privilege that somebody was given on a relation. */
    record Grant(Optional<String> column, String sql) {}

    /** What gives what stands in a relation's place the privileges that others have on it. */
    static List<Grant> grants(Connection connection, Relation relation) throws SQLException {
        List<Grant> grants = new ArrayList<>();
        try (PreparedStatement select = connection.prepareStatement("""
                SELECT of_column, format('GRANT %s%s ON %I.%I TO %s%s', privilege_type,
                              CASE WHEN of_column IS NULL THEN '' ELSE format(' (%I)', of_column) END, nspname, relname,
                              CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END,
                              CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
                FROM pg_class class JOIN pg_namespace ON pg_namespace.oid = relnamespace,
                     LATERAL (SELECT NULL AS of_column, relacl AS acl
                              UNION ALL
                              SELECT attname, attacl FROM pg_attribute WHERE attrelid = class.oid AND NOT attisdropped) AS granted,
                     aclexplode(acl) AS exploded
                WHERE class.oid = to_regclass(?) AND grantee <> relowner""")) {
            select.setString(1, Sql.name(relation));
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    grants.add(new Grant(Optional.ofNullable(row.getString(1)), row.getString(2)));
                }
            }
        }
        return grants;
    }

    /** The statements that take away what others were given on a relation when it was made. */
    static List<String> revokes(Connection connection, Relation relation) throws SQLException {
        List<String> revokes = new ArrayList<>();
        try (PreparedStatement select = connection.prepareStatement("""
                SELECT DISTINCT format('REVOKE ALL ON %I.%I FROM %s', nspname, relname,
                                       CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END)
                FROM pg_class class JOIN pg_namespace ON pg_namespace.oid = relnamespace, aclexplode(relacl)
                WHERE class.oid = to_regclass(?) AND grantee <> relowner""")) {
            select.setString(1, Sql.name(relation));
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    revokes.add(row.getString(1));
                }
            }
        }
        return revokes;
    }

    /** Whether policies say who sees which of a table's rows. */
    static boolean hasRowSecurity(Connection connection, Relation relation) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("""
                SELECT relrowsecurity OR EXISTS (SELECT FROM pg_policy WHERE polrelid = class.oid)
                FROM pg_class class WHERE oid = to_regclass(?)""")) {
            select.setString(1, Sql.name(relation));
            try (ResultSet row = select.executeQuery()) {
                return row.next() && row.getBoolean(1);
            }
        }
    }

    /** A view's query as PostgreSQL understood it. */
    static String definition(Connection connection, Relation view) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("SELECT pg_get_viewdef(to_regclass(?))")) {
            select.setString(1, Sql.name(view));
            try (ResultSet row = select.executeQuery()) {
                row.next();
                return row.getString(1);
            }
        }
    }
}
