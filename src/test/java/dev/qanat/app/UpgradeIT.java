package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.qanat.embedded.EmbeddedServer;
import io.restassured.path.json.JsonPath;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * The application on databases that earlier versions have left, each a file {@code upgrade/<schema>.sql} with the rows of that version:
 * they are migrated, and go on. One of a later version is refused.
 */
class UpgradeIT {

    private static EmbeddedServer postgres;

    @BeforeAll
    static void start() throws Exception {
        Path home = Files.createDirectories(Path.of("target", "homes", "upgrade-" + ProcessHandle.current().pid()));
        try (ServerSocket free = new ServerSocket(0)) {
            int port = free.getLocalPort();
            free.close();
            postgres = EmbeddedServer.start(home.toAbsolutePath(), port);
        }
    }

    @AfterAll
    static void stop() {
        postgres.stop();
    }

    /** A database of its own, as an earlier version left it, and an application that was not started on it yet. */
    private static final class Left {
        private final String url;
        private final Qanat qanat;

        Left(String name) throws Exception {
            url = postgres.jdbcUrl().replaceFirst("[^/]+$", name);
            try (Connection server = DriverManager.getConnection(postgres.jdbcUrl(), EmbeddedServer.NAME, "");
                    Statement statement = server.createStatement()) {
                statement.execute("CREATE DATABASE " + name);
            }
            qanat = Qanat.fresh(name).with("QUARKUS_DATASOURCE_JDBC_URL", url).with("QUARKUS_DATASOURCE_USERNAME", EmbeddedServer.NAME);
        }

        /** Brings it to a schema, with the rows that lay in it then. */
        Left of(String schema) throws Exception {
            Flyway.configure()
                    .dataSource(url, EmbeddedServer.NAME, "")
                    .locations("db/migration")
                    .defaultSchema("qanat")
                    .schemas("qanat")
                    .createSchemas(true)
                    .target(schema)
                    .load()
                    .migrate();
            execute("SET search_path = qanat; " + Files.readString(Path.of("src/test/resources/upgrade", schema + ".sql")));
            Files.createDirectories(qanat.inbox("sales"));
            Path waiting = Files.writeString(qanat.home().resolve("b"), "id,amount\n2,6.5\n");
            Files.setLastModifiedTime(waiting, FileTime.from(Instant.parse("2026-01-05T10:59:59Z")));
            Files.move(waiting, qanat.inbox("sales").resolve("b.csv"));
            return this;
        }

        void execute(String sql) throws SQLException {
            try (Connection connection = DriverManager.getConnection(url, EmbeddedServer.NAME, "");
                    Statement statement = connection.createStatement()) {
                statement.execute(sql);
            }
        }

        String value(String sql) throws SQLException {
            try (Connection connection = DriverManager.getConnection(url, EmbeddedServer.NAME, "");
                    Statement statement = connection.createStatement();
                    ResultSet row = statement.executeQuery(sql)) {
                row.next();
                return String.valueOf(row.getString(1));
            }
        }

        /** Starts it, and gives what it said when it ended. */
        String refused() throws Exception {
            qanat.launch();
            assertThat(qanat.process().waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(qanat.process().exitValue()).isEqualTo(1);
            return qanat.logText();
        }
    }

    private static void goesOn(Left left) throws Exception {
        Qanat qanat = left.qanat.start();
        // The run of the process that had died, the tick that nobody was there for.
        qanat.await("the work of the earlier version is done", () -> qanat.runs("sales").size() >= 4
                && qanat.runs("sales").stream().allMatch(run -> List.of("succeeded", "interrupted").contains(run.getString("status"))));
        List<JsonPath> runs = qanat.runs("sales");
        JsonPath first = qanat.run(1);
        assertThat(Feed.outcome(first)).isEqualTo("2 read, 1 inserted, 1 rejected");
        assertThat(first.getString("landed_at")).isEqualTo("2026-01-05T10:00:02Z");
        assertThat(qanat.rejections(1)).singleElement().satisfies(one -> assertThat(one).containsEntry("position", 3));
        assertThat(qanat.run(2).getString("status")).isEqualTo("interrupted");
        assertThat(runs).filteredOn(run -> "schedule".equals(run.getString("trigger"))).isNotEmpty();
        assertThat(runs).filteredOn(run -> Integer.valueOf(2).equals(run.get("redoes"))).singleElement()
                .satisfies(run -> assertThat(Feed.outcome(run)).isEqualTo("1 read, 1 inserted"));
        assertThat(qanat.request().get("/schedules").jsonPath().getList("items.pipeline")).containsExactly("sales");

        // What lies there is found by what is loaded now.
        assertThat(loaded(qanat, "known.csv", "id,amount\n1,5.50\n2,x\n").getString("files[0].status")).isEqualTo("already_loaded");
        assertThat(Feed.outcome(loaded(qanat, "more.csv", "id,amount\n1,5.5\n3,7\n"))).isEqualTo("2 read, 1 inserted, 1 unchanged");
        assertThat(qanat.request().get("/api/v1/data/silver.sales?select=id,amount&order=id").jsonPath().getList("items"))
                .isEqualTo(List.of(Map.of("id", 1, "amount", 5.5f), Map.of("id", 2, "amount", 6.5f), Map.of("id", 3, "amount", 7.0f)));
        JsonPath origin = qanat.request().get("/api/v1/lineage/row?table=silver.sales&id=1").jsonPath();
        assertThat(origin.getLong("run.id")).isEqualTo(1);
        assertThat(origin.getString("bronze.status")).isEqualTo("found");

        // And rows are written by hand, which the earlier version did not know of.
        qanat.pipeline("""
                pipeline: sales
                sources: { drops: { type: files } }
                resources:
                  - name: rows
                    source: drops
                    table: sales
                    columns: { id: integer, amount: "numeric(12,2)" }
                    primary_key: id
                    expose: { path: sales }
                """);
        assertThat(qanat.request().contentType("application/json").body("{\"amount\": 9.25}").patch("/api/v1/sales/1").statusCode()).isEqualTo(200);
        assertThat(left.value("SELECT amount FROM silver.sales WHERE id = 1")).isEqualTo("9.25");
    }

    private static JsonPath loaded(Qanat qanat, String name, String text) throws Exception {
        qanat.drop("sales", name, text);
        qanat.await(name + " is loaded", () -> qanat.runs("sales").stream().anyMatch(run ->
                name.equals(run.getString("files[0].name")) && "succeeded".equals(run.getString("status"))));
        return qanat.runs("sales").stream().filter(run -> name.equals(run.getString("files[0].name"))).findFirst().orElseThrow();
    }

    @Test
    void a_database_of_schema_4_goes_on() throws Exception {
        Left left = new Left("left4").of("4");
        try (Qanat qanat = left.qanat) {
            goesOn(left);
        }
    }

    @Test
    void a_database_of_schema_13_goes_on_also_after_a_migration_that_failed() throws Exception {
        Left left = new Left("left13").of("13");
        try (Qanat qanat = left.qanat) {
            // The last migration finds a table in its way: what came before it stands, and of itself nothing does.
            left.execute("CREATE TABLE qanat.retention_deleted ()");
            assertThat(left.refused()).contains("\"retention_deleted\" already exists");
            assertThat(left.value("SELECT max(version::numeric) FROM qanat.flyway_schema_history WHERE success")).isEqualTo("17");
            assertThat(left.value("SELECT to_regclass('qanat.retention')")).isEqualTo("null");
            left.execute("DROP TABLE qanat.retention_deleted");
            goesOn(left);
            // Tables that the earlier version made tell of their changes from now on.
            assertThat(left.value("SELECT count(*) FROM pg_trigger WHERE tgname = 'qanat_change'")).isEqualTo("2");
        }
    }

    @Test
    void a_database_of_a_newer_version_is_refused_and_stays_as_it_is() throws Exception {
        Left left = new Left("newer").of("13");
        left.execute("INSERT INTO qanat.flyway_schema_history (installed_rank, version, description, type, script, installed_by, execution_time, success)"
                + " VALUES (99, '99', 'later', 'SQL', 'V99__later.sql', 'qanat', 1, true)");
        assertThat(left.refused()).contains("newer_schema: the database ").contains("has the schema 99 of a newer Qanat, this one knows ");
        assertThat(left.value("SELECT count(*) FROM qanat.flyway_schema_history WHERE version::numeric > 13")).isEqualTo("1");
        assertThat(left.value("SELECT status FROM qanat.run WHERE id = 2")).isEqualTo("running");
    }
}
