package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.restassured.response.Response;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The script that the containers' PostgreSQL begins with, run by psql as its image does it; not where there is no psql. */
class GrafanaReaderIT {

    private static final String SCRIPT = "deploy/postgres/10-grafana-reader.sql";
    private static final String PASSWORD = "it's $a 'secret'";
    private static Qanat qanat;

    @BeforeAll
    static void start() throws Exception {
        assumeThat(Qanat.tryToRun("psql", "--version")).as("there is a psql").isTrue();
        qanat = Qanat.fresh("reader");
        Path project = qanat.home().resolve("project");
        write(project.resolve("dbt_project.yml"), "name: shop\nmodels: { shop: { +schema: gold } }\n");
        write(project.resolve("macros/schema.sql"), """
                {% macro generate_schema_name(custom, node) %}{{ custom or target.schema }}{% endmacro %}
                """);
        write(project.resolve("models/sums.sql"), "{{ config(materialized='table') }} SELECT 1 AS n");
        write(project.resolve("models/sums_view.sql"), "SELECT n + 1 AS n FROM {{ ref('sums') }}");
        qanat.with("QANAT_TRANSFORM", project.toString()).start();
    }

    @AfterAll
    static void stop() {
        if (qanat != null) {
            qanat.close();
        }
    }

    private static void write(Path file, String text) throws IOException {
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    @Test
    void grafana_reads_gold_also_once_models_are_built_anew_and_nothing_else() throws Exception {
        // As when the volume is made: there are neither models nor their schema.
        qanat.execute("DROP SCHEMA IF EXISTS gold CASCADE");
        assertThat(psql(PASSWORD)).isEqualTo("0");
        assertThat(psql(PASSWORD)).as("once more").isEqualTo("0");
        assertThat(qanat.value("SELECT rolpassword LIKE 'SCRAM-SHA-256%' FROM pg_authid WHERE rolname = 'grafana_reader'")).isEqualTo("t");

        build();
        assertThat(read("SELECT n FROM sums")).isEqualTo("1");
        assertThat(read("SELECT n FROM sums_view")).isEqualTo("2");
        Files.writeString(qanat.home().resolve("project/models/sums.sql"), "{{ config(materialized='table') }} SELECT 7 AS n");
        build();
        assertThat(read("SELECT n FROM sums")).isEqualTo("7");
        assertThat(read("SELECT n FROM sums_view")).isEqualTo("8");

        assertThatThrownBy(() -> read("SELECT count(*) FROM qanat.api_key")).hasMessageContaining("permission denied for schema qanat");
        assertThatThrownBy(() -> read("DELETE FROM gold.sums")).hasMessageContaining("read-only transaction");
        assertThatThrownBy(() -> read("SELECT 1 FROM pg_authid")).hasMessageContaining("permission denied");
        assertThat(read("SHOW statement_timeout")).isEqualTo("30s");
        assertThat(read("SHOW idle_in_transaction_session_timeout")).isEqualTo("1min");
        assertThatThrownBy(() -> write("CREATE TEMPORARY TABLE kept AS SELECT 1")).hasMessageContaining("permission denied");
        assertThatThrownBy(() -> write("SELECT lo_from_bytea(0, 'x')")).hasMessageContaining("permission denied for function");
        assertThatThrownBy(() -> write("SELECT lo_create(0)")).hasMessageContaining("permission denied for function");
        assertThatThrownBy(() -> write("CREATE TABLE gold.kept (n int)")).hasMessageContaining("permission denied for schema gold");
    }

    @Test
    void without_a_password_nothing_is_made() throws Exception {
        assertThat(psql("")).startsWith("3");
        assertThat(psql("")).contains("set GRAFANA_READER_PASSWORD");
    }

    /** @return psql's exit code, and what it said of errors */
    private static String psql(String password) throws Exception {
        ProcessBuilder builder = new ProcessBuilder("psql", "-v", "ON_ERROR_STOP=1", "--no-psqlrc", "-q", "-h", "127.0.0.1", "-p",
                Integer.toString(qanat.pgPort()), "-U", "qanat", "-d", "qanat", "-f", SCRIPT);
        builder.environment().put("PGOPTIONS", "-c client_min_messages=warning");
        if (password.isEmpty()) {
            builder.environment().remove("GRAFANA_READER_PASSWORD");
        } else {
            builder.environment().put("GRAFANA_READER_PASSWORD", password);
        }
        Process process = builder.start();
        String said = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
        return process.waitFor() + said;
    }

    private static void build() {
        Response answer = qanat.request()
                .contentType("application/json")
                .body("{\"models\": [\"sums\", \"sums_view\"]}")
                .queryParam("wait", "PT60S")
                .post("/trigger-job");
        assertThat(answer.jsonPath().getString("runs[0].status")).as(answer.asString()).isEqualTo("succeeded");
    }

    /** As the role that does not keep to reading, which each session may do without. */
    private static void write(String sql) throws SQLException {
        String url = "jdbc:postgresql://127.0.0.1:" + qanat.pgPort() + "/qanat";
        try (Connection connection = DriverManager.getConnection(url, "grafana_reader", PASSWORD);
                Statement statement = connection.createStatement()) {
            statement.execute("SET default_transaction_read_only = off");
            statement.execute(sql);
        }
    }

    private static String read(String sql) throws SQLException {
        String url = "jdbc:postgresql://127.0.0.1:" + qanat.pgPort() + "/qanat";
        try (Connection connection = DriverManager.getConnection(url, "grafana_reader", PASSWORD);
                ResultSet row = connection.createStatement().executeQuery(sql)) {
            row.next();
            return row.getString(1);
        }
    }
}
