package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.restassured.response.Response;
import io.restassured.specification.RequestSpecification;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Rows that a client has already, and whether it is told so. */
class ValidatorsIT {

    private static final String HEADER = "id,name,at\n";

    private static Qanat qanat;
    private static Path project;

    @BeforeAll
    static void start() throws Exception {
        qanat = Qanat.fresh("validators");
        project = qanat.home().resolve("project");
        model("dbt_project.yml", "name: tags\nversion: '1.0'\nprofile: qanat\n");
        qanat.with("QANAT_TRANSFORM", project.toString()).start();
    }

    @AfterAll
    static void stop() {
        qanat.close();
    }

    private static void model(String file, String text) throws IOException {
        Path path = project.resolve(file);
        Files.createDirectories(path.getParent());
        Files.writeString(path, text);
    }

    /** A table of a pipeline's, with two rows. */
    private static String loaded() throws IOException {
        String name = Qanat.newName("tagged");
        qanat.pipeline("""
                pipeline: %1$s
                sources: { drops: { type: files } }
                resources: [ { name: %1$s, primary_key: [id], schema: { id: integer, name: text, at: timestamptz } } ]
                """.formatted(name));
        qanat.load(name, "a.csv", HEADER + "1,a,2024-01-01T00:00:00Z\n2,b,2024-01-02T00:00:00Z\n");
        await("silver." + name);
        return name;
    }

    private static void await(String table) {
        qanat.await("the table is there", () -> get(table).statusCode() == 200);
    }

    private static Response get(String table, String... parameters) {
        return request(parameters).get("/api/v1/data/{table}", table);
    }

    private static RequestSpecification request(String... parameters) {
        RequestSpecification request = qanat.request();
        for (int i = 0; i < parameters.length; i += 2) {
            request.queryParam(parameters[i], parameters[i + 1]);
        }
        return request;
    }

    private static String tag(String table, String... parameters) {
        Response answer = get(table, parameters);
        assertThat(answer.header("ETag")).as(table + " " + answer.asString()).startsWith("W/\"");
        assertThat(answer.header("Cache-Control")).isEqualTo("private, no-cache");
        return answer.header("ETag");
    }

    private static int asked(String tag, String table, String... parameters) {
        return request(parameters).header("If-None-Match", tag).get("/api/v1/data/{table}", table).statusCode();
    }

    private static void assertUntagged(String table, String... parameters) {
        Response answer = request(parameters).header("If-None-Match", "W/\"x\"").get("/api/v1/data/{table}", table);
        assertThat(answer.statusCode()).as(table + " " + answer.asString()).isEqualTo(200);
        assertThat(answer.header("ETag")).as(table + " " + String.join(" ", parameters)).isNull();
        assertThat(answer.header("Cache-Control")).isEqualTo("no-store");
    }

    @Test
    void whoever_has_the_rows_is_told_so_until_a_run_lands_others() throws Exception {
        String name = loaded();
        String table = "silver." + name;
        String tag = tag(table, "limit", "1");

        Response again = request("limit", "1").header("If-None-Match", tag).get("/api/v1/data/{table}", table);
        assertThat(again.statusCode()).isEqualTo(304);
        assertThat(again.asByteArray()).isEmpty();
        assertThat(again.header("ETag")).isEqualTo(tag);
        assertThat(again.header("Cache-Control")).isEqualTo("private, no-cache");
        assertThat(again.header("Vary")).isEqualTo("Accept, Accept-Encoding");
        for (String given : List.of("\"other\", " + tag, tag + ",\"other\"", tag.substring(2), "*")) {
            assertThat(asked(given, table, "limit", "1")).as(given).isEqualTo(304);
        }
        for (String given : List.of("\"other\"", "W/\"other\", \"" + tag, "", tag.replace("\"", ""))) {
            assertThat(asked(given, table, "limit", "1")).as(given).isEqualTo(200);
        }
        assertThat(request("limit", "1").header("If-None-Match", tag).head("/api/v1/data/{table}", table).statusCode()).isEqualTo(304);
        assertThat(asked(tag, table, "limit", "2")).isEqualTo(200);
        assertThat(asked(tag, table, "limit", "x")).isEqualTo(400);
        assertThat(asked("*", table, "id", "eq.x")).as("a value that only PostgreSQL refuses").isEqualTo(304);
        assertThat(asked(tag, table + "_not")).isEqualTo(404);

        for (String suffix : List.of(".csv", ".ndjson")) {
            Response whole = request().header("Accept-Encoding", "gzip").get("/api/v1/data/{table}", table + suffix);
            assertThat(whole.header("ETag")).isNotEqualTo(tag(table));
            assertThat(asked(whole.header("ETag"), table + suffix)).isEqualTo(304);
        }
        assertThat(request().accept("text/csv").header("If-None-Match", tag(table)).get("/api/v1/data/{table}", table).statusCode())
                .isEqualTo(200);

        String all = tag(table);
        qanat.load(name, "b.csv", HEADER + "3,c,2024-01-03T00:00:00Z\n");
        assertThat(asked(all, table)).isEqualTo(200);
        assertThat(asked(tag, table, "limit", "1")).isEqualTo(200);
    }

    @Test
    void rows_that_somebody_writes_by_hand_are_seen_as_soon_as_they_are_committed() throws Exception {
        String table = "silver." + loaded();
        for (String write : List.of(
                "UPDATE %s SET name = 'x' WHERE id = 1",
                "DELETE FROM %s WHERE id = 1",
                "INSERT INTO %s SELECT * FROM %1$s OFFSET 1 LIMIT 0",
                "SET session_replication_role = replica; UPDATE %s SET name = 'y'",
                "SET default_transaction_isolation = 'repeatable read'; UPDATE %s SET name = 'z'",
                "ALTER TABLE %s ALTER name TYPE varchar(1)",
                "ALTER TABLE %s ADD more text DEFAULT 'x'",
                "TRUNCATE %s")) {
            String sql = write.formatted(table);
            String tag = tag(table);
            try (Connection writer = qanat.database();
                    Statement statement = writer.createStatement()) {
                writer.setAutoCommit(false);
                statement.execute(sql);
                if (!sql.startsWith("ALTER") && !sql.startsWith("TRUNCATE")) {
                    assertThat(asked(tag, table)).as("before the commit of " + sql).isEqualTo(304);
                }
                writer.commit();
            }
            assertThat(asked(tag, table)).as(sql).isEqualTo(200);
        }
    }

    @Test
    void writers_do_not_wait_for_each_other_and_none_is_overlooked() throws Exception {
        String table = "silver." + loaded();
        try (Connection one = qanat.database();
                Connection other = qanat.database();
                Statement first = one.createStatement();
                Statement second = other.createStatement()) {
            one.setAutoCommit(false);
            other.setAutoCommit(false);
            second.execute("SET LOCAL lock_timeout = '2s'");
            String before = tag(table);
            first.execute("UPDATE " + table + " SET name = 'one' WHERE id = 1");
            second.execute("UPDATE " + table + " SET name = 'two' WHERE id = 2");
            other.commit();
            assertThat(asked(before, table)).isEqualTo(200);
            Thread.sleep(600);
            String between = tag(table);
            one.commit();
            assertThat(asked(between, table)).isEqualTo(200);
            assertThat(asked(before, table)).isEqualTo(200);
        }
    }

    @Test
    void no_304_is_given_for_other_rows_while_many_write() throws Exception {
        String table = "silver." + loaded();
        AtomicBoolean stop = new AtomicBoolean();
        CountDownLatch ended = new CountDownLatch(2);
        List<Throwable> failures = new ArrayList<>();
        for (int id = 1; id <= 2; id++) {
            String update = "UPDATE " + table + " SET name = (coalesce(substring(name FROM '\\d+'), '0')::int + 1)::text WHERE id = " + id;
            new Thread(() -> {
                try (Connection writer = qanat.database();
                        Statement statement = writer.createStatement()) {
                    while (!stop.get()) {
                        statement.execute(update);
                        Thread.sleep(3);
                    }
                } catch (SQLException | InterruptedException e) {
                    synchronized (failures) {
                        failures.add(e);
                    }
                } finally {
                    ended.countDown();
                }
            }).start();
        }
        String tag = "\"none\"";
        String body = "";
        int same = 0;
        try {
            for (int i = 0; i < 100; i++) {
                String before = get(table, "order", "id").asString();
                Response answer = request("order", "id").header("If-None-Match", tag).get("/api/v1/data/{table}", table);
                if (answer.statusCode() == 304) {
                    assertThat(body).as("nothing was written in between").isEqualTo(before);
                    same++;
                } else {
                    tag = answer.header("ETag");
                    body = answer.asString();
                }
            }
        } finally {
            stop.set(true);
        }
        assertThat(ended.await(10, TimeUnit.SECONDS)).isTrue();
        assertThat(failures).isEmpty();
        assertThat(same).isLessThan(100);
    }

    @Test
    void a_table_whose_changes_nobody_notes_has_no_tag() throws Exception {
        String name = loaded();
        String made = Qanat.newName("made");
        qanat.execute("""
                CREATE TABLE silver.%1$s (id integer PRIMARY KEY, at timestamptz);
                INSERT INTO silver.%1$s VALUES (1, now());
                CREATE UNLOGGED TABLE silver.%1$s_unlogged (id integer);
                CALL qanat.note_changes('silver.%1$s_unlogged');
                CREATE TYPE silver.%1$s_mood AS ENUM ('sad');
                CREATE TABLE silver.%1$s_typed (mood silver.%1$s_mood);
                CALL qanat.note_changes('silver.%1$s_typed');
                CREATE TABLE silver.%1$s_parent (id integer);
                CREATE TABLE silver.%1$s_child () INHERITS (silver.%1$s_parent);
                CALL qanat.note_changes('silver.%1$s_parent');
                CALL qanat.note_changes('silver.%1$s_child');
                CREATE TABLE silver.%1$s_guarded (id integer);
                ALTER TABLE silver.%1$s_guarded ENABLE ROW LEVEL SECURITY;
                CALL qanat.note_changes('silver.%1$s_guarded');
                CREATE TABLE silver.%1$s_ordinary (id integer);
                CALL qanat.note_changes('silver.%1$s_ordinary');
                CREATE MATERIALIZED VIEW gold.%1$s_kept AS SELECT * FROM silver.%2$s;
                """.formatted(made, name));
        await("silver." + made + "_ordinary");
        for (String each : List.of("", "_unlogged", "_typed", "_parent", "_child", "_guarded")) {
            assertUntagged("silver." + made + each);
        }
        assertUntagged("gold." + made + "_kept");
        tag("silver." + made + "_ordinary");
        qanat.execute("ALTER TABLE silver." + made + "_ordinary DISABLE TRIGGER qanat_change");
        Thread.sleep(600);
        assertUntagged("silver." + made + "_ordinary");
    }

    @Test
    void what_the_clock_or_a_guess_answers_has_no_tag() throws Exception {
        String table = "silver." + loaded();
        assertUntagged(table, "at", "lt.Now");
        assertUntagged(table, "at", "in.(2024-01-01,tomorrow)");
        assertUntagged(table, "or", "(id.eq.1,at.gt.yesterday)");
        assertUntagged(table, "count", "estimated");
        assertThat(asked(tag(table, "name", "eq.now"), table, "name", "eq.now")).isEqualTo(304);
        assertThat(asked(tag(table, "at", "gt.2024-01-01T00:00Z"), table, "at", "gt.2024-01-01T00:00Z")).isEqualTo(304);
        assertThat(asked(tag(table, "count", "exact"), table, "count", "exact")).isEqualTo(304);
    }

    @Test
    void a_view_is_as_new_as_what_is_beneath_it_unless_it_changes_by_itself() throws Exception {
        String name = loaded();
        String table = "silver." + name;
        String view = Qanat.newName("seen");
        qanat.execute("""
                CREATE VIEW gold.%1$s_below AS SELECT id, upper(name) AS name, at FROM %2$s WHERE id > 0;
                CREATE VIEW gold.%1$s AS
                    SELECT b.name, count(*) AS n, max(t.id::text) AS most FROM gold.%1$s_below b JOIN %2$s t USING (id)
                    WHERE EXISTS (SELECT FROM gold.%1$s_below) GROUP BY b.name ORDER BY 1;
                CREATE VIEW gold.%1$s_now AS SELECT * FROM %2$s WHERE at < now();
                CREATE VIEW gold.%1$s_date AS SELECT * FROM %2$s WHERE at < current_date;
                CREATE VIEW gold.%1$s_cast AS SELECT name::date FROM %2$s WHERE false;
                CREATE VIEW gold.%1$s_random AS SELECT random() > 2 AS x FROM gold.%1$s_below;
                CREATE VIEW gold.%1$s_sample AS SELECT * FROM %2$s TABLESAMPLE BERNOULLI (50);
                CREATE VIEW gold.%1$s_catalogue AS SELECT c.oid FROM pg_class c, %2$s LIMIT 1;
                CREATE FUNCTION silver.%1$s_own(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT $1';
                CREATE VIEW gold.%1$s_function AS SELECT silver.%1$s_own(name) AS x FROM %2$s;
                CREATE TABLE silver.%1$s_unknown AS SELECT 1 AS id;
                CREATE VIEW gold.%1$s_unknown AS SELECT * FROM %2$s WHERE id IN (SELECT id FROM silver.%1$s_unknown);
                CREATE VIEW gold.%1$s_above AS SELECT * FROM gold.%1$s_now;
                """.formatted(view, table));
        await("gold." + view + "_above");
        for (String each : List.of("now", "date", "cast", "random", "sample", "catalogue", "function", "unknown", "above")) {
            assertUntagged("gold." + view + "_" + each);
        }
        String tag = tag("gold." + view);
        assertThat(asked(tag, "gold." + view)).isEqualTo(304);
        qanat.load(name, "b.csv", HEADER + "4,d,2024-01-03T00:00:00Z\n");
        assertThat(asked(tag, "gold." + view)).isEqualTo(200);
        Thread.sleep(600);
        String next = tag("gold." + view);
        qanat.execute("CREATE OR REPLACE VIEW gold.%s_below AS SELECT id, lower(name) AS name, at FROM %s".formatted(view, table));
        assertThat(asked(next, "gold." + view)).isEqualTo(200);
    }

    @Test
    void a_model_is_new_whenever_it_is_built() throws Exception {
        String name = loaded();
        model("models/" + name + "/schema.yml", """
                version: 2
                sources: [ { name: silver_%1$s, schema: silver, tables: [ { name: %1$s } ] } ]
                """.formatted(name));
        String from = " FROM {{ source('silver_" + name + "', '" + name + "') }}";
        model("models/" + name + "/" + name + "_all.sql", "{{ config(materialized='table') }} SELECT id, name" + from);
        model("models/" + name + "/" + name + "_more.sql", "{{ config(materialized='incremental') }} SELECT id, name" + from
                + "{% if is_incremental() %} WHERE id NOT IN (SELECT id FROM {{ this }}) {% endif %}");
        model("seeds/" + name + "_seed.csv", "id\n1\n");
        List<String> models = List.of("gold." + name + "_all", "gold." + name + "_more", "gold." + name + "_seed");
        build(name);
        models.forEach(ValidatorsIT::await);
        Thread.sleep(600);
        List<String> tags = models.stream().map(ValidatorsIT::tag).toList();
        for (int i = 0; i < models.size(); i++) {
            assertThat(asked(tags.get(i), models.get(i))).as(models.get(i)).isEqualTo(304);
        }
        qanat.load(name, "b.csv", HEADER + "5,e,2024-01-03T00:00:00Z\n");
        model("seeds/" + name + "_seed.csv", "id\n2\n");
        build(name);
        for (int i = 0; i < models.size(); i++) {
            assertThat(asked(tags.get(i), models.get(i))).as(models.get(i)).isEqualTo(200);
        }
        assertThat(qanat.value("SELECT count(*) FROM qanat.table_change WHERE NOT EXISTS (SELECT FROM pg_class WHERE oid = relation)"))
                .as("what is left of tables that are gone, before the next is made").matches("[0-3]");
    }

    private static void build(String name) {
        String body = "{\"models\": \"" + name + "_all " + name + "_more " + name + "_seed\"}";
        long run = qanat.request().contentType("application/json").body(body).post("/trigger-job").jsonPath().getLong("runs[0].id");
        assertThat(qanat.awaitEnd(run).getString("status")).isEqualTo("succeeded");
    }
}
