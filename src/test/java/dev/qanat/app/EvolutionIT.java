package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.restassured.path.json.JsonPath;
import io.restassured.response.Response;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** A pipeline changes while its table stands. */
@Execution(ExecutionMode.CONCURRENT)
class EvolutionIT {

    @Test
    void a_new_column_is_null_in_old_rows_until_they_change() throws IOException, SQLException {
        Feed feed = Feed.of("schema: { id: integer, name: text }\nprimary_key: id");
        feed.load("id,name\n1,a\n2,b\n");
        feed.declare("schema: { id: integer, color: text, name: text, qty: integer }\nprimary_key: id");
        feed.load("id,name,color,qty\n2,b,red,5\n3,c,,6\n1,a,,\n");
        assertThat(feed.outcomes()).containsExactly("2 read, 2 inserted", "3 read, 1 inserted, 1 updated, 1 unchanged");
        assertThat(feed.rows())
                .containsExactlyInAnyOrder(
                        "id=1, name=a, color=null, qty=null", "id=2, name=b, color=red, qty=5", "id=3, name=c, color=null, qty=6");
    }

    @Test
    void types_widen_and_lose_nothing() throws IOException, SQLException {
        Feed feed = Feed.of("""
                schema: { id: integer, i: integer, n: "numeric(12,2)", d: date, b: boolean, f: double, u: uuid, z: timestamptz, j: json }
                primary_key: id
                """);
        feed.load("id,i,n,d,b,f,u,z,j\n"
                + "1,2147483647,1.25,2024-02-29,true,0.1,a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11,2024-07-01T12:00:00Z,\"{\"\"x\"\":1.0}\"\n");
        feed.declare("""
                schema: { id: bigint, i: bigint, n: "numeric(14,4)", d: timestamp, b: text, f: text, u: text, z: text, j: text }
                primary_key: id
                """);
        feed.load("id,i,n,d,b,f,u,z,j\n9223372036854775807,9223372036854775807,1.2555,2024-02-29T10:00,yes,x,y,z,w\n"
                + "1,2147483647,1.25,2024-02-29,true,0.1,a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11,2024-07-01 12:00:00+00,{\"x\":1.0}\n"
                        .replace("{\"x\":1.0}", "\"{\"\"x\"\":1.0}\""));
        feed.declare("""
                schema: { id: numeric, i: text, n: numeric, d: text, b: text, f: text, u: text, z: text, j: text }
                primary_key: id
                """);
        feed.load("id,i,n,d,b,f,u,z,j\n9223372036854775808,many,1.25555,soon,yes,x,y,z,w\n");
        assertThat(feed.outcomes())
                .containsExactly("1 read, 1 inserted", "2 read, 1 inserted, 1 unchanged", "1 read, 1 inserted");
        assertThat(feed.rows())
                .containsExactlyInAnyOrder(
                        "id=1, i=2147483647, n=1.2500, d=2024-02-29 00:00:00, b=true, f=0.1, "
                                + "u=a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11, z=2024-07-01 12:00:00+00, j={\"x\":1.0}",
                        "id=9223372036854775807, i=9223372036854775807, n=1.2555, d=2024-02-29 10:00:00, b=yes, f=x, u=y, z=z, j=w",
                        "id=9223372036854775808, i=many, n=1.25555, d=soon, b=yes, f=x, u=y, z=z, j=w");
    }

    @Test
    void a_wider_number_makes_no_old_row_new() throws IOException {
        Feed feed = Feed.of("schema: { id: integer, n: \"numeric(12,2)\" }");
        feed.load("id,n\n1,1.50\n2,\n");
        feed.declare("schema: { id: bigint, n: \"numeric(14,4)\" }");
        feed.load("id,n\n1,1.5000\n2,\n1,1.5001\n");
        assertThat(feed.outcomes()).containsExactly("2 read, 2 inserted", "3 read, 1 inserted, 2 duplicate");
    }

    @Test
    void a_narrowing_is_a_failed_run_that_loses_nothing() throws IOException, SQLException {
        Feed feed = Feed.of("schema: { id: bigint, n: \"numeric(14,4)\", note: text }\nprimary_key: id");
        feed.load("id,n,note\n1,1.2345,a\n");
        feed.declare("schema: { id: integer, n: \"numeric(12,4)\", note: date, more: text }\nprimary_key: id");
        JsonPath run = feed.load("id,n,note\n2,1.2,2024-01-01\n");
        assertThat(run.getString("error.code")).isEqualTo("incompatible_schema");
        assertThat(run.getString("error.message"))
                .isEqualTo("table " + feed.table() + ": column id is bigint and cannot become integer without loss; column n is "
                        + "numeric(14,4) and cannot become numeric(12,4) without loss; column note is text and cannot become date "
                        + "without loss; declare what the table has or wider, or give the resource another `table:`");
        assertThat(feed.rows()).containsExactly("id=1, n=1.2345, note=a");
        try (Stream<Path> files = Files.walk(feed.qanat().quarantine(feed.name()))) {
            assertThat(files.filter(Files::isRegularFile)).hasSize(2);
        }
        feed.declare("schema: { id: bigint, n: \"numeric(14,4)\", note: text }\nprimary_key: id");
        feed.load("id,n,note\n2,1.2,2024-01-01\n");
        assertThat(Feed.outcome(feed.last())).isEqualTo("1 read, 1 inserted");
    }

    @Test
    void views_survive_a_change_of_a_type() throws IOException, SQLException {
        Feed feed = Feed.of("schema: { id: integer, qty: integer, name: text }\nprimary_key: id");
        feed.load("id,qty,name\n1,5,a\n2,7,a\n");
        Qanat qanat = feed.qanat();
        String v = feed.name();
        qanat.execute("""
                CREATE ROLE %1$s_reader;
                GRANT USAGE ON SCHEMA silver TO %1$s_reader;
                GRANT SELECT ON silver.%1$s TO %1$s_reader;
                CREATE VIEW gold.%1$s_a WITH (security_barrier = true) AS SELECT *, qty * 2 AS double FROM silver.%1$s;
                COMMENT ON VIEW gold.%1$s_a IS 'it''s a';
                COMMENT ON COLUMN gold.%1$s_a.double IS 'twice';
                GRANT SELECT ON gold.%1$s_a TO %1$s_reader;
                GRANT UPDATE (name) ON gold.%1$s_a TO %1$s_reader;
                ALTER VIEW gold.%1$s_a OWNER TO %1$s_reader;
                ALTER VIEW gold.%1$s_a ALTER COLUMN name SET DEFAULT 'nobody';
                CREATE FUNCTION gold.%1$s_f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
                CREATE TRIGGER instead INSTEAD OF INSERT ON gold.%1$s_a FOR EACH ROW EXECUTE FUNCTION gold.%1$s_f();
                CREATE VIEW gold."%1$s B" AS SELECT a.name, sum(a.double) AS total, count(b.id) AS n
                    FROM gold.%1$s_a a JOIN silver.%1$s b USING (id) GROUP BY a.name;
                GRANT SELECT ON gold."%1$s B" TO PUBLIC;
                CREATE MATERIALIZED VIEW gold.%1$s_m AS SELECT name, total FROM gold."%1$s B";
                COMMENT ON MATERIALIZED VIEW gold.%1$s_m IS 'kept';
                GRANT SELECT ON gold.%1$s_m TO %1$s_reader WITH GRANT OPTION;
                CREATE UNIQUE INDEX %1$s_m_by_name ON gold.%1$s_m (name);
                CREATE MATERIALIZED VIEW gold.%1$s_e AS SELECT qty FROM silver.%1$s WITH NO DATA;
                CREATE VIEW gold.%1$s_u AS SELECT qty FROM silver.%1$s UNION ALL SELECT total::integer FROM gold.%1$s_m;
                """.formatted(v));
        List<Map<String, String>> before = views(qanat, v);
        assertThat(before).hasSize(5);

        feed.declare("schema: { id: bigint, qty: numeric, name: text, more: text }\nprimary_key: id");
        feed.load("id,qty,name\n3,1.5,b\n");
        assertThat(Feed.outcome(feed.last())).isEqualTo("1 read, 1 inserted");
        assertThat(views(qanat, v)).isEqualTo(before);
        assertThat(qanat.query("SELECT * FROM gold.\"" + v + " B\" ORDER BY name"))
                .containsExactly(Map.of("name", "a", "total", "24", "n", "2"), Map.of("name", "b", "total", "3.0", "n", "1"));
        assertThat(qanat.query("SELECT * FROM gold." + v + "_m")).containsExactly(Map.of("name", "a", "total", "24"));
    }

    /** All that a user gave to the views of this name, but for the types of their columns. */
    private static List<Map<String, String>> views(Qanat qanat, String name) throws SQLException {
        return qanat.query("""
                SELECT relname, relkind, relowner::regrole, relacl::text, reloptions::text, obj_description(oid, 'pg_class') AS comment,
                       relispopulated AS populated,
                       (SELECT string_agg(indexdef, ';') FROM pg_indexes WHERE schemaname = 'gold' AND tablename = relname) AS indexes,
                       (SELECT string_agg(pg_get_triggerdef(oid), ';') FROM pg_trigger WHERE tgrelid = pg_class.oid) AS triggers,
                       (SELECT string_agg(concat_ws(' ', attname, attacl::text, col_description(attrelid, attnum),
                                                    pg_get_expr(adbin, adrelid)), ';' ORDER BY attnum)
                        FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
                        WHERE attrelid = pg_class.oid AND attnum > 0) AS columns
                FROM pg_class
                WHERE relnamespace = 'gold'::regnamespace AND relname LIKE '%s%%' AND relkind IN ('v', 'm') ORDER BY relname"""
                .formatted(name));
    }

    @Test
    void an_undeclared_column_can_be_declared_as_text_later() throws IOException, SQLException {
        Feed feed = Feed.of("schema: { id: integer }\nprimary_key: id");
        feed.load("id,Zip Code\n1,01234\n");
        feed.declare("columns: { id: integer, zip_code: { type: text, required: true } }\nprimary_key: id");
        feed.load("id,Zip Code\n2,98765\n1,01234\n3,\n");
        assertThat(feed.outcomes()).containsExactly("1 read, 1 inserted", "3 read, 1 inserted, 1 unchanged, 1 rejected");
        assertThat(feed.rows()).containsExactlyInAnyOrder("id=1, zip_code=01234", "id=2, zip_code=98765");
    }

    @Test
    void a_column_that_a_rollback_left_keeps_its_type() throws IOException, SQLException {
        Feed feed = Feed.of("schema: { id: integer }\nprimary_key: id");
        feed.declare("schema: { id: integer, qty: integer, price: \"numeric(6,2)\", day: date, doc: jsonb }\nprimary_key: id");
        feed.load("id,qty,price,day,doc\n1,1,1.5,2026-01-02,\"[1,2]\"\n");
        Response back = feed.qanat().request().post("/configs/" + feed.name() + "/rollback?to=1");
        assertThat(back.statusCode()).as(back.asString()).isEqualTo(201);
        JsonPath run = feed.load("id,qty,price,day,doc\n1,2,1.50,2026-01-02,\"[1,2]\"\n2,x,,,\n3,,1.255,,\n4,,,2.1.26,\n5,,,,[\n6,7,8,,\n");
        assertThat(feed.outcomes()).element(1).isEqualTo("6 read, 1 inserted, 1 updated, 4 rejected");
        assertThat(feed.rejections(run))
                .containsExactly("3 qty type_mismatch", "4 price out_of_range", "5 day type_mismatch", "6 doc type_mismatch");
        assertThat(feed.rows())
                .containsExactlyInAnyOrder(
                        "id=1, qty=2, price=1.50, day=2026-01-02, doc=[1, 2]", "id=6, qty=7, price=8.00, day=null, doc=null");
    }

    @Test
    void an_undeclared_field_of_a_column_whose_type_no_pipeline_knows_fails_the_run() throws IOException, SQLException {
        Feed feed = Feed.of("schema: { id: integer }\nprimary_key: id");
        feed.load("id\n1\n");
        feed.qanat().execute("ALTER TABLE " + feed.table() + " ADD COLUMN qty inet");
        JsonPath run = feed.load("id,qty\n1,2\n");
        assertThat(run.getString("error.code")).isEqualTo("incompatible_schema");
        assertThat(run.getString("error.message"))
                .contains("column qty is inet, and what is not declared would be text; declare what the table has");
        assertThat(feed.rows()).containsExactly("id=1, qty=null");
    }

    @Test
    void a_table_of_another_pipeline_is_refused_at_upload() throws IOException, SQLException {
        Feed owner = Feed.of("schema: { id: integer }");
        String other = Qanat.newName("other");
        String yaml = owner.yaml("schema: { id: integer }").replace("pipeline: " + owner.name(), "pipeline: " + other);
        Response answer = owner.qanat().upload(yaml);
        assertThat(answer.statusCode()).isEqualTo(422);
        assertThat(answer.contentType()).startsWith("application/problem+json");
        assertThat(answer.jsonPath().getString("errors[0].code")).isEqualTo("table_claimed");
        assertThat(answer.jsonPath().getString("errors[0].message")).contains(owner.table(), "'" + owner.name() + "'");
        assertThat(owner.qanat().value("SELECT count(*) FROM qanat.config_history WHERE pipeline = '" + other + "'"))
                .isEqualTo("0");
    }

    @Test
    void a_table_that_qanat_did_not_make_is_left_alone() throws IOException, SQLException {
        Feed table = Feed.of("schema: { id: integer }");
        Feed view = Feed.of("schema: { id: integer }");
        table.qanat().execute("CREATE TABLE " + table.table() + " (id integer, mine text)");
        table.qanat().execute("CREATE VIEW " + view.table() + " AS SELECT 1 AS id");
        for (Feed feed : List.of(table.drop("id\n1\n"), view.drop("id\n1\n"))) {
            assertThat(feed.last().getString("error.code")).isEqualTo("incompatible_schema");
            assertThat(feed.last().getString("error.message")).contains(feed.table() + " was not made by Qanat");
        }
        assertThat(table.rows()).isEmpty();
        assertThat(table.qanat().query("SELECT * FROM " + view.table())).containsExactly(Map.of("id", "1"));
    }

    @Test
    void a_key_can_be_declared_later_over_unique_rows() throws IOException, SQLException {
        Feed feed = Feed.of("schema: { id: integer, name: text }");
        feed.load("id,name\n1,a\n2,b\n");
        feed.declare("schema: { id: integer, name: text }\nprimary_key: id");
        feed.load("id,name\n2,c\n3,d\n1,a\n");
        assertThat(feed.outcomes()).containsExactly("2 read, 2 inserted", "3 read, 1 inserted, 1 updated, 1 unchanged");
        assertThat(feed.rows()).containsExactlyInAnyOrder("id=1, name=a", "id=2, name=c", "id=3, name=d");
    }

    @Test
    void a_key_declared_later_over_rows_that_break_it_fails_the_run() throws IOException, SQLException {
        for (String rows : List.of("id,name\n1,a\n1,b\n", "id,name\n1,a\n,b\n")) {
            Feed feed = Feed.of("schema: { id: integer, name: text }");
            feed.load(rows);
            feed.declare("schema: { id: integer, name: text }\nprimary_key: id");
            JsonPath run = feed.load("id,name\n2,c\n");
            assertThat(run.getString("error.code")).isEqualTo("incompatible_schema");
            assertThat(run.getString("error.message"))
                    .contains(feed.table() + " holds rows that are not unique or null in id", "primary_key");
            assertThat(feed.value("count(*)")).isEqualTo("2");
        }
    }

    @Test
    void another_key_or_none_any_more_fails_the_run() throws IOException, SQLException {
        Map<String, String> later = Map.of(
                "primary_key: shop", "and the pipeline now declares (shop)",
                "primary_key: id\nwrite_disposition: append", "the pipeline now loads several rows of a key",
                "write_disposition: append", "the pipeline now loads several rows of a key");
        for (Map.Entry<String, String> change : later.entrySet()) {
            Feed feed = Feed.of("schema: { id: integer, shop: text }\nprimary_key: id");
            feed.load("id,shop\n1,a\n");
            feed.declare("schema: { id: integer, shop: text }\n" + change.getKey());
            JsonPath run = feed.load("id,shop\n1,b\n");
            assertThat(run.getString("error.code")).as(change.getKey()).isEqualTo("incompatible_schema");
            assertThat(run.getString("error.message"))
                    .contains(feed.table() + " has the primary key (id)", change.getValue(), "`table:`");
            assertThat(feed.rows()).containsExactly("id=1, shop=a");
        }
    }

    @Test
    void the_indexes_of_a_user_survive() throws IOException, SQLException {
        Feed feed = Feed.of("schema: { id: integer, name: text, qty: integer }\nprimary_key: id");
        feed.load("id,name,qty\n1,a,1\n");
        feed.qanat().execute("""
                CREATE INDEX %1$s_by_name ON silver.%1$s (lower(name)) WHERE qty > 0;
                CREATE UNIQUE INDEX %1$s_by_qty ON silver.%1$s (qty) INCLUDE (name);
                CREATE INDEX %1$s_by_hash ON silver.%1$s (_row_hash);
                """.formatted(feed.name()));
        feed.declare("schema: { id: bigint, name: text, qty: numeric }\nprimary_key: id");
        feed.load("id,name,qty\n1,a,1\n2,b,2.5\n");
        assertThat(feed.outcomes()).element(1).isEqualTo("2 read, 1 inserted, 1 unchanged");
        assertThat(feed.qanat().query("SELECT indexname FROM pg_indexes WHERE tablename = '" + feed.name() + "' ORDER BY 1"))
                .extracting(row -> row.get("indexname"))
                .containsExactly(
                        feed.name() + "_by_hash", feed.name() + "_by_name", feed.name() + "_by_qty", feed.name() + "_pkey");

        JsonPath run = feed.load("id,name,qty\n3,c,2.5\n");
        assertThat(Feed.outcome(run)).isEqualTo("failed database_refused: 1 read");
        assertThat(run.getString("error.message")).contains(feed.name() + "_by_qty");
        assertThat(feed.value("count(*)")).isEqualTo("2");
    }

    @Test
    void a_run_names_the_version_in_force_when_it_read_its_file() throws IOException, SQLException {
        Feed feed = Feed.of("schema: { id: integer }");
        feed.load("id\n1\n");
        feed.declare("schema: { id: integer, name: text }");
        feed.load("id\n2\n");
        feed.declare("schema: { id: integer, name: text }");
        feed.load("id\n3\n");
        feed.declare("schema: { id: integer }");
        feed.load("id\n4\n");
        assertThat(feed.runs().stream().map(run -> run.getInt("config_version")).toList()).containsExactly(1, 2, 2, 3);
        assertThat(feed.qanat().query("SELECT version, yaml FROM qanat.config_history WHERE pipeline = '" + feed.name()
                        + "' AND yaml LIKE '%name: text%'"))
                .extracting(row -> row.get("version"))
                .containsExactly("2");
        String ids = feed.qanat().query("SELECT id FROM " + feed.table() + " ORDER BY _run_id").stream()
                .map(row -> row.get("id"))
                .collect(Collectors.joining(","));
        assertThat(ids).isEqualTo("1,2,3,4");
    }
}
