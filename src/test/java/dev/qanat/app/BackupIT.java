package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.restassured.path.json.JsonPath;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * {@code bin/backup}, {@code bin/restore} and {@code bin/move}, on the database of an application with a bit of everything, and with
 * objects that somebody added by hand. One backup was taken in the middle of a load, the other when the application had stopped.
 */
class BackupIT {

    private static final Path CASES = Path.of("src/test/resources/backup");
    private static final String ORDERS = """
            {"id": 1, "customer": "ann", "amount": 5.00, "lines": [{"sku": "a", "qty": 1}, {"sku": "b", "qty": 2}]}
            {"id": 2, "customer": "bob", "amount": 50.00, "lines": []}
            {"id": 3, "customer": "cho", "amount": -1}
            """;
    private static final int MANY = 20_000;

    private static Qanat qanat;
    private static PostgresServer old;
    private static Path whileLoading;
    private static Path atRest;
    private static String next;

    @BeforeAll
    static void back_up() throws Exception {
        old = PostgresServer.start(15, Map.of());
        qanat = Qanat.fresh("backup").with("QANAT_TRANSFORM", CASES.resolve("project").toString()).start();
        qanat.pipeline(Files.readString(CASES.resolve("orders.yaml")));
        assertThat(qanat.load("orders", "orders.ndjson", ORDERS).getString("status")).isEqualTo("succeeded");
        JsonPath added = qanat.request().contentType("application/json").body("{\"id\": 4, \"customer\": \"x\", \"amount\": 7}")
                .post("/api/v1/orders").jsonPath();
        assertThat(added.getLong("number")).isEqualTo(3);
        qanat.execute(Files.readString(CASES.resolve("users-own.sql")));

        qanat.pipeline("{ pipeline: many, sources: { drops: { type: files } }, resources: [ { name: many } ] }");
        StringBuilder many = new StringBuilder("id,text\n");
        for (int i = 0; i < MANY; i++) {
            many.append(i).append(",some text that takes room\n");
        }
        whileLoading = qanat.home().resolve("while-loading.zip");
        try (Connection held = qanat.lockTable("many")) {
            qanat.drop("many", "many.csv", many.toString());
            qanat.await("it lands", () -> qanat.is("EXISTS (SELECT FROM qanat.run WHERE pipeline = 'many' AND landing_attempts > 0)"));
            assertThat(held.isClosed()).isFalse();
            assertThat(of(qanat).run("backup", whileLoading.toString()).told()).contains("from PostgreSQL 18");
        }
        assertThat(qanat.awaitRun("many").getLong("inserted")).isEqualTo(MANY);
        next = qanat.request().get("/schedules").jsonPath().getString("items[0].next_fire_at");

        assertThat(of(qanat).run("move", old.url("postgres")).failed()).startsWith("home_in_use: ");
        qanat.stop();
        atRest = qanat.home().resolve("at-rest.zip");
        of(qanat).run("backup", atRest.toString()).told();
    }

    @AfterAll
    static void stop() throws IOException {
        if (qanat != null) {
            qanat.close();
        }
        old.close();
    }

    @Test
    void a_home_that_is_restored_is_the_one_that_was_backed_up_and_goes_on() throws Exception {
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(atRest))).isEqualTo("rw-------");
        Path again = atRest.resolveSibling("again.zip");
        try (Qanat restored = Qanat.fresh("restored").with("QANAT_TRANSFORM", CASES.resolve("project").toString())) {
            assertThat(of(restored).run("restore", atRest.toString()).told()).contains("tables, ", "rows, as of 20");
            of(restored).run("backup", again.toString()).told();
            assertThat(withoutMoment(again)).isEqualTo(withoutMoment(atRest));
            assertThat(restored.home().resolve(".id")).hasSameTextualContentAs(qanat.home().resolve(".id"));

            qanat.start();
            restored.start();
            try (Connection was = qanat.database();
                    Connection is = restored.database()) {
                assertThat(Contents.catalogue(is)).isEqualTo(Contents.catalogue(was)).hasSizeGreaterThan(900);
                Map<String, String> before = Contents.rows(was);
                Map<String, String> after = Contents.rows(is);
                // What processes write of themselves.
                for (String own : new String[] {"qanat.qrtz_scheduler_state", "qanat.schedule_watch", "qanat.qrtz_triggers", "qanat.qrtz_fired_triggers"}) {
                    before.remove(own);
                    after.remove(own);
                }
                assertThat(after).isEqualTo(before).containsKeys("gold.\"Odd name\"", "gold_marts.revenue", "gold_marts.large_orders", "gold.summed");
            }
            goesOn(restored);
        } finally {
            qanat.stop();
        }
    }

    /** What was loaded stays known, what is numbered goes on, what is scheduled is due when it was, models are built. */
    private static void goesOn(Qanat restored) throws Exception {
        assertThat(restored.request().get("/schedules").jsonPath().getString("items[0].next_fire_at")).isEqualTo(next);
        assertThat(restored.load("orders", "again.ndjson", ORDERS).getString("files[0].status")).isEqualTo("already_loaded");
        String another = "{\"id\": 9, \"customer\": \"ann\", \"amount\": 100, \"lines\": [{\"sku\": \"c\", \"qty\": 1}]}\n";
        JsonPath run = restored.load("orders", "another.ndjson", another);
        assertThat(run.getString("status")).isEqualTo("succeeded");
        JsonPath rows = restored.request().get("/api/v1/orders?order=number").jsonPath();
        assertThat(rows.getList("items.number")).containsExactly(1, 2, 3, 4);
        // The key under which personal values are hashed is the same.
        assertThat(rows.getString("items[3].customer")).isEqualTo(rows.getString("items[0].customer")).hasSizeGreaterThan(20);
        assertThat(restored.value("SELECT orders || ' ' || amount FROM gold_marts.revenue")).isEqualTo("4 162.00");
        assertThat(restored.value("SELECT string_agg(id::text, ' ' ORDER BY id) FROM gold_marts.large_orders")).isEqualTo("2 9");
        String tag = restored.request().get("/api/v1/orders/1").header("ETag");
        assertThat(restored.request().header("If-Match", tag).contentType("application/merge-patch+json").body("{\"amount\": 6}")
                        .patch("/api/v1/orders/1").statusCode())
                .isEqualTo(200);
    }

    @Test
    void a_backup_that_was_taken_in_the_middle_of_a_load_has_none_of_it_and_the_load_is_done_again() throws Exception {
        String url = old.newDatabase("elsewhere");
        try (Qanat elsewhere = Qanat.fresh("elsewhere").with("DATABASE_URL", url)) {
            assertThat(of(elsewhere).run("restore", whileLoading.toString()).told()).contains("/elsewhere: ");
            assertThat(elsewhere.home().resolve("pg")).doesNotExist();
            assertThat(old.value("elsewhere", "SELECT status FROM qanat.run WHERE pipeline = 'many'")).isEqualTo("running");
            assertThat(old.value("elsewhere", "SELECT to_regclass('silver.many')")).isNull();
            assertThat(old.value("elsewhere", "SELECT count(*) FROM silver.orders__lines")).isEqualTo("2");
            // The files of the home are carried by other means.
            Files.createDirectories(elsewhere.inbox("many"));
            Files.copy(qanat.archive("many").resolve("many.csv"), elsewhere.inbox("many").resolve("many.csv"));
            elsewhere.start();
            elsewhere.await("it is loaded", () -> "succeeded".equals(elsewhere.runs("many").get(0).getString("status")));
            assertThat(old.value("elsewhere", "SELECT count(*) FROM silver.many")).isEqualTo(Integer.toString(MANY));

            assertThat(of(elsewhere).run("restore", whileLoading.toString()).failed())
                    .startsWith("database_not_empty: the database has objects in these schemas already: bronze (");
        }
    }

    @Test
    void the_embedded_database_moves_to_an_older_postgres_as_an_ordinary_user_with_a_password() throws Exception {
        Path access = old.data().resolve("pg_hba.conf");
        Files.writeString(access, "host moved shop 127.0.0.1/32 scram-sha-256\n" + Files.readString(access));
        old.execute("postgres", "SELECT pg_reload_conf()");
        old.execute("postgres", "CREATE ROLE shop LOGIN PASSWORD 'a secret'");
        old.execute("postgres", "CREATE DATABASE moved OWNER shop");
        String url = old.url("moved").replace("postgres@", "shop@");
        assertThat(of(qanat).run("move", url.replace("shop@", "shop:a%20secret@")).failed())
                .startsWith("invalid_setting: the URL has a password").doesNotContain("secret@");
        assertThat(of(qanat).run("move", url).failed()).startsWith("invalid_setting: the database ").contains("refuses the connection");
        Map<String, String> settings = new TreeMap<>(qanat.environment());
        settings.put("PGPASSWORD", "a secret");
        assertThat(new Commands(settings).run("move", url).told()).contains("/moved: ").contains("Start Qanat with DATABASE_URL=" + url);
        try (Connection is = old.connect("moved")) {
            Map<String, String> rows = Contents.rows(is);
            assertThat(rows.get("silver.many")).startsWith(MANY + " ");
            assertThat(rows).containsKeys("gold.grouped", "gold_marts.revenue");
        }
        try (Qanat moved = Qanat.fresh("moved").with("DATABASE_URL", url).with("QUARKUS_DATASOURCE_PASSWORD", "a secret")
                .with("QANAT_TRANSFORM", CASES.resolve("project").toString())) {
            moved.start();
            assertThat(moved.load("orders", "again.ndjson", ORDERS).getString("files[0].status")).isEqualTo("already_loaded");
            assertThat(moved.request().get("/api/v1/orders").jsonPath().getInt("total")).isEqualTo(3);
            assertThat(of(moved).run("move", url).failed()).startsWith("invalid_setting: the settings name a database already");
        }
    }

    @Test
    void a_file_that_is_cut_off_or_newer_is_refused_before_anything_stands() throws Exception {
        String url = old.newDatabase("untouched");
        byte[] whole = Files.readAllBytes(atRest);
        Path bad = atRest.resolveSibling("bad.zip");
        Commands commands = new Commands(Map.of("DATABASE_URL", url, "QANAT_HOME", bad.resolveSibling("none").toString()));
        Files.write(bad, Arrays.copyOf(whole, whole.length / 2));
        assertThat(commands.run("restore", bad.toString()).failed()).startsWith("backup_damaged: ");

        String manifest = entries(atRest).get("manifest.json").replaceFirst("\"ledger\" : \"\\d+\"", "\"ledger\" : \"999\"");
        rewrite(atRest, bad, Map.of("manifest.json", manifest, "manifest.sha256", sha256(manifest)));
        assertThat(commands.run("restore", bad.toString()).failed())
                .startsWith("backup_too_new: the backup has version 999 of the ledger's tables");
        assertThat(commands.run("backup", bad.toString()).failed()).startsWith("invalid_setting: there is nothing of Qanat's");
        assertThat(of(qanat).run("backup", "none/x.zip").failed())
                .startsWith("backup_failed: ").contains("none/x.zip.part: there is no such file or folder; ");
        assertThat(schemas("untouched")).isEqualTo("0");
    }

    @Test
    void privileges_go_with_what_they_are_for_and_what_cannot_be_carried_is_told() throws Exception {
        old.execute("postgres", "CREATE ROLE here; CREATE ROLE gone");
        Commands granted = new Commands(
                Map.of("DATABASE_URL", old.newDatabase("granted"), "QANAT_HOME", atRest.resolveSibling("granted").toString()));
        granted.run("restore", atRest.toString()).told();
        old.execute("granted", "GRANT USAGE ON SCHEMA gold TO here, gone; GRANT SELECT ON ALL TABLES IN SCHEMA gold TO here, gone;"
                + " GRANT SELECT (id) ON silver.orders TO here; ALTER DEFAULT PRIVILEGES IN SCHEMA gold GRANT SELECT ON TABLES TO here;"
                + " REVOKE ALL ON FUNCTION gold.twice FROM PUBLIC");
        Path file = atRest.resolveSibling("granted.zip");
        granted.run("backup", file.toString()).told();
        old.execute("granted", "DROP OWNED BY gone");
        old.execute("postgres", "DROP ROLE gone");
        Commands again = new Commands(
                Map.of("DATABASE_URL", old.newDatabase("granted_too"), "QANAT_HOME", atRest.resolveSibling("granted").toString()));
        assertThat(again.run("restore", file.toString()).told()).contains("There is no role gone here: what it may do was left out");
        try (Connection was = old.connect("granted");
                Connection is = old.connect("granted_too")) {
            assertThat(Contents.catalogue(is)).isEqualTo(Contents.catalogue(was));
        }

        Files.delete(file);
        old.execute("granted", "CREATE TABLE gold.parted (x integer) PARTITION BY LIST (x); CREATE TABLE gold.part PARTITION OF gold.parted"
                + " DEFAULT; ALTER TABLE silver.orders ENABLE ROW LEVEL SECURITY; CREATE POLICY mine ON silver.orders USING (true);"
                + " CREATE AGGREGATE gold.total (integer) (SFUNC = int4pl, STYPE = integer); CREATE VIEW gold.over AS"
                + " SELECT gold.total(x) FROM gold.parted; COMMENT ON VIEW gold.over IS 'o'; CREATE TYPE gold.span AS RANGE (subtype = float8);"
                + " CREATE TABLE gold.spans (id serial PRIMARY KEY, span gold.span)");
        assertThat(granted.run("backup", file.toString()).failed())
                .startsWith("not_carried: not carried: ")
                .contains("table gold.part is a partition", "table gold.parted", "function gold.total(integer)", "policy mine on table silver.orders",
                        "table silver.orders has row security", "view gold.over needs ", "table gold.spans needs type gold.span");
        assertThat(file).doesNotExist();
        assertThat(granted.run("backup", file.toString(), "--leave-out").told()).contains("not carried: table gold.parted");
        assertThat(entries(file).get("manifest.json")).doesNotContain("CREATE TABLE gold.parted").contains("\"table gold.parted\"");
        String rest = old.newDatabase("granted_rest");
        new Commands(Map.of("DATABASE_URL", rest, "QANAT_HOME", atRest.resolveSibling("granted").toString())).run("restore", file.toString()).told();
        assertThat(old.value("granted_rest", "SELECT to_regclass('gold.part') IS NOT NULL AND to_regclass('gold.over') IS NULL")).isEqualTo("t");
    }

    @Test
    void a_restore_and_a_move_that_are_killed_leave_nothing() throws Exception {
        String url = old.newDatabase("killed");
        // Nothing but the end of its client ends this wait.
        old.execute("killed", "CREATE SCHEMA held; CREATE FUNCTION held.wait() RETURNS event_trigger LANGUAGE plpgsql AS"
                + " 'BEGIN PERFORM pg_sleep(600); END'; CREATE EVENT TRIGGER held ON ddl_command_start WHEN TAG IN ('CREATE INDEX')"
                + " EXECUTE FUNCTION held.wait()");
        Commands restore = new Commands(Map.of("DATABASE_URL", url, "QANAT_HOME", atRest.resolveSibling("killed").toString()));
        List<Callable<Process>> commands = List.of(() -> restore.start("restore", atRest.toString()), () -> of(qanat).start("move", url));
        for (Callable<Process> command : commands) {
            Process process = command.call();
            qanat.await("it has written", () -> waiting() >= 1);
            process.destroyForcibly().waitFor();
            qanat.await("it is undone", Duration.ofSeconds(15), () -> waiting() == 0);
            assertThat(schemas("killed")).isEqualTo("0");
        }
    }

    private static int waiting() {
        try {
            return Integer.parseInt(old.value("postgres", "SELECT count(*) FROM pg_stat_activity WHERE datname = 'killed' AND"
                    + " backend_xid IS NOT NULL AND wait_event = 'PgSleep'"));
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String schemas(String database) throws SQLException {
        return old.value(database, "SELECT count(*) FROM pg_namespace WHERE nspname IN ('qanat', 'bronze', 'silver', 'gold', 'gold_marts')");
    }

    @Test
    void a_disk_that_is_full_gets_no_half_backup_and_keeps_the_one_before() throws Exception {
        Path small = Files.createDirectories(atRest.resolveSibling("small"));
        assumeTrue(Qanat.tryToRun("mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", small.toString()), "no tmpfs here");
        try {
            Path file = Files.writeString(small.resolve("backup.zip"), "the one before");
            assertThat(of(qanat).run("backup", file.toString()).failed()).startsWith("backup_failed: No space left on device");
            assertThat(file).hasContent("the one before");
            try (var files = Files.list(small)) {
                assertThat(files).containsExactly(file);
            }
        } finally {
            Qanat.tryToRun("umount", "-l", small.toString());
        }
    }

    private static Commands of(Qanat application) {
        return new Commands(application.environment());
    }

    /** What a backup says, but when it was taken. */
    private static Map<String, String> withoutMoment(Path file) throws IOException {
        Map<String, String> entries = entries(file);
        entries.remove("manifest.sha256");
        entries.computeIfPresent("manifest.json", (name, text) -> text.replaceFirst("\"takenAt\" : \"[^\"]+\"", ""));
        return entries;
    }

    private static Map<String, String> entries(Path file) throws IOException {
        Map<String, String> entries = new LinkedHashMap<>();
        try (ZipFile archive = new ZipFile(file.toFile())) {
            for (ZipEntry entry : archive.stream().toList()) {
                entries.put(entry.getName(), new String(archive.getInputStream(entry).readAllBytes(), StandardCharsets.UTF_8));
            }
        }
        return entries;
    }

    private static void rewrite(Path file, Path into, Map<String, String> changed) throws IOException {
        Map<String, String> entries = entries(file);
        entries.putAll(changed);
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(into))) {
            for (Map.Entry<String, String> entry : entries.entrySet()) {
                zip.putNextEntry(new ZipEntry(entry.getKey()));
                zip.write(entry.getValue().getBytes(StandardCharsets.UTF_8));
            }
        }
    }

    private static String sha256(String text) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
    }

    /** The programs in {@code bin}, with the settings of an application. */
    private record Commands(Map<String, String> settings) {

        Process start(String command, String... arguments) throws IOException {
            ProcessBuilder builder = new ProcessBuilder("bin/" + command).redirectErrorStream(true);
            builder.command().addAll(Arrays.asList(arguments));
            builder.environment().putAll(new TreeMap<>(settings));
            builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
            // Each lives for a second.
            builder.environment().put("JAVA_OPTS", "-XX:TieredStopAtLevel=1");
            return builder.start();
        }

        Ended run(String command, String... arguments) throws Exception {
            Process process = start(command, arguments);
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return new Ended(process.waitFor(), output);
        }
    }

    private record Ended(int exitCode, String output) {

        String told() {
            assertThat(exitCode).as(output).isZero();
            return output;
        }

        String failed() {
            assertThat(exitCode).as(output).isEqualTo(1);
            assertThat(output.lines()).as(output).hasSize(1);
            return output;
        }
    }
}
