package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.restassured.path.json.JsonPath;
import io.restassured.response.Response;
import io.restassured.specification.RequestSpecification;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** What viewers see of what is made of personal values. */
class PersonalColumnsIT {

    private static final Path VIEWS = Path.of("src/test/resources/spec/personal/views.yaml");
    private static final String ADMIN = "0123456789abcdef";

    private static final String PIPELINE = """
            pipeline: personal
            sources: { drops: { type: files } }
            resources:
              - name: people
                source: drops
                files: { glob: "people*" }
                columns:
                  id: integer
                  mail: { pii: hash }
                  name: { pii: mask }
                  city: text
                  age: integer
                  joined: date
                  secret: { pii: drop }
                  greeting: { expr: "'Dear ' || name", type: text }
                  letters: { expr: "length(name)", type: integer }
                primary_key: mail
                children: { cards: { table: people_cards, columns: { kind: text, number: { pii: mask } } } }
              - name: orders
                source: drops
                files: { glob: "orders*" }
                columns: { id: integer, mail: { pii: hash }, amount: integer, note: text }
                primary_key: id
            """;

    private static final String TABLE = "{{ config(materialized='table') }}\n";
    private static final String INCREMENTAL = "{{ config(materialized='incremental') }}\n";
    private static final String PEOPLE = "{{ source('silver', 'people') }}";

    private static Qanat qanat;
    private static Path project;
    private static String viewer;

    @BeforeAll
    static void start() throws Exception {
        qanat = Qanat.fresh("personal-columns");
        project = qanat.home().resolve("project");
        write("dbt_project.yml", "name: personal\nversion: '1.0'\nprofile: qanat\n");
        write("models/sources.yml", """
                version: 2
                sources: [ { name: silver, tables: [ { name: people }, { name: orders } ] } ]
                """);
        qanat.with("QANAT_TRANSFORM", project.toString())
                .with("QANAT_API_KEY", ADMIN)
                .with("QANAT_EXPOSED", "silver,gold,bronze,gold_dbt_test__audit")
                .start();
        upload(PIPELINE);
        qanat.drop("personal", "people.json", """
                [{"id": 1, "mail": "ann@example.com", "name": "Ann", "city": "Bonn", "age": 30, "joined": "2024-01-01", "secret": "x",
                  "M-Ail": "ann@example.org", "cards": [{"kind": "debit", "number": "123"}]},
                 {"id": 2, "mail": "bob@example.com", "name": "Bob", "city": "Rome", "age": 40, "joined": "2024-01-02"}]
                """);
        qanat.drop("personal", "orders.csv", "id,mail,amount,note\n1,ann@example.com,5,a\n2,bob@example.com,6,b\n");
        viewer = admin().contentType("application/json").body("{\"name\": \"v\", \"role\": \"viewer\"}").post("/keys").jsonPath()
                .getString("key");
        qanat.await("both files have landed", () -> qanat.is("EXISTS (SELECT FROM silver.orders) AND EXISTS (SELECT FROM silver.people)"));
    }

    @AfterAll
    static void stop() {
        qanat.close();
    }

    private static void write(String file, String text) throws IOException {
        Path path = project.resolve(file);
        Files.createDirectories(path.getParent());
        Files.writeString(path, text);
    }

    private static RequestSpecification admin() {
        return qanat.request().header("X-API-Key", ADMIN);
    }

    private static void upload(String yaml) {
        assertThat(admin().contentType("application/yaml").body(yaml.getBytes(StandardCharsets.UTF_8)).post("/upload-config").statusCode())
                .isEqualTo(201);
    }

    private static Response seen(String table, String... parameters) {
        RequestSpecification request = qanat.request().header("X-API-Key", viewer);
        for (int i = 0; i < parameters.length; i += 2) {
            request.queryParam(parameters[i], parameters[i + 1]);
        }
        return request.get("/api/v1/data/{table}", table);
    }

    /** The columns that a viewer sees; none where the table is not there. */
    private static List<String> columns(String table) {
        Response answer = qanat.request().header("X-API-Key", viewer).accept("text/csv").get("/api/v1/data/{table}", table);
        if (answer.statusCode() == 404) {
            return List.of();
        }
        assertThat(answer.statusCode()).as(table + " " + answer.asString()).isEqualTo(200);
        String header = answer.asString().lines().findFirst().orElseThrow();
        return List.of(header.replace("\"", "").split(","));
    }

    /** Builds models, and waits until the catalogue was looked at again. */
    private static JsonPath build(String models) throws InterruptedException {
        Response answer = admin().contentType("application/json").body(Map.of("models", models)).post("/trigger-job?wait=PT60S");
        assertThat(answer.statusCode()).as(answer.asString()).isEqualTo(202);
        JsonPath run = admin().get("/runs/" + answer.jsonPath().getLong("runs[0].id")).jsonPath();
        Thread.sleep(600);
        return run;
    }

    @Test
    void tables_of_pipelines_are_without_personal_columns_whatever_these_are_called() {
        assertThat(columns("silver.people"))
                .containsExactly(
                        "id", "city", "age", "joined", "letters", "_run_id", "_position", "_row_hash", "_created_at", "_updated_at");
        assertThat(admin().get("/api/v1/data/silver.people").jsonPath().getMap("items[0]")).containsKeys("mail", "m_ail", "greeting");
        assertThat(columns("silver.people_cards")).contains("_index", "kind").doesNotContain("_parent_id", "number");
        assertThat(columns("bronze.personal__people")).contains("_source", "_position").doesNotContain("record");
        assertThat(admin().get("/api/v1/data/bronze.personal__people").jsonPath().getMap("items[0]")).containsKeys("record");
    }

    @Test
    void views_are_without_what_they_make_of_personal_columns() throws Exception {
        qanat.execute("""
                CREATE SCHEMA private;
                CREATE VIEW private.beneath AS SELECT mail AS m, city AS c FROM silver.people;
                CREATE FUNCTION gold.any_mail() RETURNS text LANGUAGE sql STABLE AS 'SELECT max(mail) FROM silver.people';
                CREATE FUNCTION gold.twice(integer) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT repeat($1::text, 2)'""");
        Map<String, List<String>> expected = new LinkedHashMap<>();
        StringBuilder create = new StringBuilder();
        for (Object each : (List<?>) new Load(LoadSettings.builder().build()).loadFromString(Files.readString(VIEWS))) {
            Map<?, ?> view = (Map<?, ?>) each;
            String name = (String) view.get("view");
            List<String> shown = new ArrayList<>();
            if (view.get("shown") instanceof List<?> columns) {
                columns.forEach(column -> shown.add((String) column));
            }
            expected.put(name, shown);
            create.append("CREATE ").append(Boolean.TRUE.equals(view.get("materialized")) ? "MATERIALIZED " : "").append("VIEW gold.\"")
                    .append(name.replace("\"", "\"\"")).append("\" AS ").append(view.get("sql")).append(";\n");
        }
        qanat.execute(create.toString());
        qanat.await("the views are there", Duration.ofSeconds(1), () -> seen("gold.over_materialized").statusCode() == 200);

        Map<String, List<String>> found = new LinkedHashMap<>();
        expected.keySet().forEach(view -> found.put(view, columns("gold." + view)));

        assertThat(found).isEqualTo(expected);
        assertThat(admin().get("/api/v1/data/gold.whole_row_alone").statusCode()).isEqualTo(200);
    }

    @Test
    void a_column_that_is_not_shown_cannot_be_asked_for() throws SQLException {
        qanat.execute("CREATE VIEW gold.asked AS SELECT id, mail, city FROM silver.people");
        qanat.await("the view is there", () -> seen("gold.asked").statusCode() == 200);
        String cursor = admin().queryParam("order", "mail").queryParam("limit", 1).get("/api/v1/data/gold.asked").jsonPath()
                .getString("next");
        List<List<String>> asked = List.of(
                List.of("select", "mail"), List.of("select", "x:mail"), List.of("select", "max(mail)"), List.of("select", "mail.count()"),
                List.of("order", "mail"), List.of("order", "id,mail.desc"), List.of("group", "mail"), List.of("group", "city,mail"),
                List.of("mail", "eq.x"), List.of("mail", "is.null"), List.of("mail", "not.in.(a,b)"), List.of("mail", "like.a*"),
                List.of("or", "(id.eq.1,mail.eq.x)"), List.of("and", "(not.or(mail.is.null,id.eq.1))"), List.of("not.or", "(mail.eq.x)"),
                List.of("order", "mail", "after", cursor));

        for (List<String> parameters : asked) {
            Response answer = seen("gold.asked", parameters.toArray(String[]::new));
            assertThat(answer.statusCode()).as(parameters.toString()).isEqualTo(400);
            String nope = seen("gold.asked", parameters.stream().map(text -> text.replace("mail", "nope")).toArray(String[]::new))
                    .jsonPath().getString("detail");
            assertThat(answer.jsonPath().getString("detail")).as(parameters.toString()).isEqualTo(nope.replace("nope", "mail"));
        }
        assertThat(seen("gold.asked", "after", cursor).statusCode()).isEqualTo(400);
        assertThat(seen("gold.asked", "order", "id", "select", "*").jsonPath().getMap("items[0]")).containsOnlyKeys("id", "city");
    }

    @Test
    void models_are_without_what_they_make_of_personal_columns_and_the_project_says_otherwise() throws Exception {
        write("models/copied.sql", TABLE + "select mail as contact, city, upper(city) as big, age * 2 as age from " + PEOPLE);
        write("models/beneath.sql", "{{ config(materialized='ephemeral') }}\nselect mail as m, city as c from " + PEOPLE);
        write("models/above.sql", TABLE + "select m, c, count(*) as n from {{ ref('beneath') }} group by m, c");
        write("models/downstream.sql", TABLE + "select c.contact || '' as line, c.city, a.n from {{ ref('copied') }} c"
                + " join {{ ref('above') }} a on a.m = c.contact");
        write("models/seen.sql", "select contact, city from {{ ref('copied') }}");
        write("models/open.sql", TABLE + "select mail as contact, upper(city) as big, lower(name) as small from " + PEOPLE);
        write("models/over_open.sql", TABLE + "select contact, big, small from {{ ref('open') }}");
        write("models/closed.sql", TABLE + "select id, amount from {{ source('silver', 'orders') }}");
        write("models/over_closed.sql", TABLE + "select id, amount, amount + 1 as more from {{ ref('closed') }}");
        write("models/closed_view.sql", "{{ config(meta={'pii': true}) }}\nselect id, amount from {{ source('silver', 'orders') }}");
        write("models/modifying.sql", TABLE + "with gone as (delete from gold.nothing returning 1) select id, city from " + PEOPLE);
        write("models/tested.sql", TABLE + "select id, city from " + PEOPLE);
        write("seeds/colours.csv", "code,colour\n1,red\n");
        write("models/of_seed.sql", "select code, colour from {{ ref('colours') }}");
        write("models/schema.yml", """
                version: 2
                seeds: [ { name: colours, columns: [ { name: colour, config: { meta: { pii: true } } } ] } ]
                models:
                  - { name: open, meta: { pii: false }, columns: [ { name: SMALL, meta: { pii: true } } ] }
                  - { name: closed, config: { meta: { pii: true } }, columns: [ { name: id, meta: { pii: false } } ] }
                  - { name: tested, columns: [ { name: city, tests: [ { accepted_values: { values: [x], config:
                        { severity: warn, store_failures: true, alias: failing } } } ] } ] }
                """);
        qanat.execute("CREATE TABLE gold.nothing (id integer)");

        JsonPath run = build("downstream over_open over_closed closed_view seen modifying tested of_seed");

        assertThat(run.getString("status")).as(run.prettify()).isIn("succeeded", "partial");
        Map<String, List<String>> found = new LinkedHashMap<>();
        for (String model : List.of("copied", "above", "downstream", "seen", "open", "over_open", "closed", "over_closed", "closed_view",
                "modifying", "tested", "colours", "of_seed")) {
            found.put(model, columns("gold." + model));
        }
        assertThat(found).isEqualTo(Map.ofEntries(
                Map.entry("copied", List.of("city", "age")),
                Map.entry("above", List.of("c", "n")),
                Map.entry("downstream", List.of("city", "n")),
                Map.entry("seen", List.of("city")),
                Map.entry("open", List.of("contact", "big")),
                Map.entry("over_open", List.of("contact", "big")),
                Map.entry("closed", List.of("id")),
                Map.entry("over_closed", List.of("id")),
                Map.entry("closed_view", List.of()),
                Map.entry("modifying", List.of()),
                Map.entry("tested", List.of("id", "city")),
                Map.entry("colours", List.of("code")),
                Map.entry("of_seed", List.of("code"))));
        assertThat(admin().get("/api/v1/data/gold_dbt_test__audit.failing").statusCode()).isEqualTo(200);
        assertThat(columns("gold_dbt_test__audit.failing")).isEmpty();

        write("models/schema.yml", """
                version: 2
                seeds: [ { name: colours } ]
                models: [ { name: open }, { name: copied, columns: [ { name: contact, meta: { pii: false } } ] } ]
                """);
        build("colours open copied");
        assertThat(columns("gold.open")).isEmpty();
        assertThat(columns("gold.copied")).containsExactly("contact", "city", "age");
        assertThat(columns("gold.seen")).containsExactly("contact", "city");
        assertThat(columns("gold.of_seed")).containsExactly("code", "colour");
    }

    @Test
    void an_increment_remembers_what_its_older_rows_were_made_of() throws Exception {
        write("models/grown.sql", INCREMENTAL + "select id, mail as what, city as town from " + PEOPLE);
        assertThat(build("grown").getString("status")).isEqualTo("succeeded");
        assertThat(columns("gold.grown")).containsExactly("id", "town");
        write("models/grown.sql", INCREMENTAL + "select id, city as what, city as town from " + PEOPLE
                + "{% if is_incremental() %} where id > (select max(id) from {{ this }}){% endif %}");
        assertThat(build("grown").getString("status")).isEqualTo("succeeded");
        assertThat(columns("gold.grown")).containsExactly("id", "town");

        admin().contentType("application/json").body(Map.of("models", "grown", "full_refresh", true)).post("/trigger-job?wait=PT60S");
        Thread.sleep(600);
        assertThat(columns("gold.grown")).containsExactly("id", "what", "town");
        qanat.execute("UPDATE qanat.model_columns SET origins = NULL WHERE relation = 'gold.grown'");
        Thread.sleep(600);
        assertThat(columns("gold.grown")).as("as a model of an older version, until it is built again").isEmpty();
    }

    @Test
    void what_a_pipeline_marks_anew_is_gone_within_a_second_wherever_it_went() throws Exception {
        String yaml = """
                pipeline: marked
                sources: { drops: { type: files } }
                resources: [ { name: marked, source: drops, columns: { id: integer, town: text, more: text } } ]
                """;
        upload(yaml);
        qanat.drop("marked", "a.csv", "id,town,more\n1,Bonn,x\n");
        qanat.await("the file has landed", () -> qanat.is("EXISTS (SELECT FROM silver.marked)"));
        write("models/marked.yml", """
                version: 2
                sources:
                  - { name: of_marked, schema: silver, tables: [ { name: marked, columns: [ { name: more, meta: { pii: true } } ] } ] }
                """);
        write("models/of_marked.sql", TABLE + "select id, town, upper(town) as big from {{ source('of_marked', 'marked') }}");
        qanat.execute("CREATE VIEW gold.seen_marked AS SELECT town, id FROM silver.marked");
        build("of_marked");
        assertThat(columns("gold.of_marked")).containsExactly("id", "town", "big");
        assertThat(columns("gold.seen_marked")).containsExactly("town", "id");
        assertThat(columns("silver.marked")).as("the project marks a column of its source").contains("id", "town").doesNotContain("more");

        upload(yaml.replace("town: text", "town: { pii: mask }"));
        qanat.await("the column is gone", Duration.ofSeconds(1), () -> columns("gold.of_marked").equals(List.of("id")));
        assertThat(columns("gold.seen_marked")).containsExactly("id");
        try (Connection lock = qanat.database()) {
            lock.setAutoCommit(false);
            lock.createStatement().execute("LOCK TABLE silver.marked");
            qanat.execute("CREATE VIEW gold.meanwhile AS SELECT 1 AS one");
            qanat.await("it is not waited for", Duration.ofSeconds(3), () -> columns("gold.meanwhile").equals(List.of("one")));
            assertThat(columns("gold.of_marked")).containsExactly("id");
            lock.rollback();
        }
        qanat.execute("DROP VIEW gold.seen_marked; DROP TABLE silver.marked");
        Thread.sleep(600);
        assertThat(columns("gold.of_marked")).as("its rows outlive the table that they came from").isEmpty();
    }
}
