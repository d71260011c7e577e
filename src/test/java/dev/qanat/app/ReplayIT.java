package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.restassured.path.json.JsonPath;
import io.restassured.response.Response;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What a run rejected is checked again once the contract was mended, until nothing is left. */
class ReplayIT {

    private static final String STRICT = "columns: { id: integer, amount: { type: integer, max: 100 } }\n    primary_key: id";
    private static final String MENDED = "columns: { id: integer, amount: { type: \"numeric(12,2)\", max: 100 } }\n    primary_key: id";
    private static final String WIDE = "columns: { id: integer, amount: { type: \"numeric(12,2)\" } }\n    primary_key: id";

    private static Qanat qanat;

    private final String pipeline = Qanat.newName("replay");

    @BeforeAll
    static void start() throws IOException {
        qanat = Qanat.shared();
    }

    @Test
    void a_mended_contract_takes_what_fits_now_until_nothing_is_left() throws Exception {
        pipeline(STRICT);
        JsonPath run = qanat.load(pipeline, "a.csv", "id,amount\n1,5\n2,1.5\n3,2.25\n4,200.5\n");
        assertThat(Feed.outcome(run)).isEqualTo("4 read, 1 inserted, 3 rejected");
        long id = run.getLong("id");

        pipeline(MENDED);
        JsonPath first = replayed(id);
        assertThat(Feed.outcome(first)).isEqualTo("3 read, 2 inserted, 1 rejected");
        assertThat(first.getString("trigger")).isEqualTo("replay");
        assertThat(first.getLong("replays")).isEqualTo(id);
        assertThat(first.getInt("not_replayable")).isZero();
        assertThat(first.getInt("config_version")).isEqualTo(2);
        assertThat(first.getList("files")).isEmpty();
        assertThat(first.getString("resources[0].table")).isEqualTo("silver." + pipeline);
        assertThat(qanat.rejections(id)).hasSize(3).allSatisfy(one -> assertThat(one).containsEntry("replayed_by", first.getInt("id")));
        assertThat(qanat.rejections(first.getLong("id"))).singleElement().satisfies(one -> assertThat(one)
                .containsEntry("position", 5)
                .containsEntry("source", "a.csv")
                .containsEntry("code", "above_max")
                .containsEntry("record", "{\"id\":\"4\",\"amount\":\"200.5\"}")
                .doesNotContainKey("replayed_by"));

        pipeline(WIDE);
        JsonPath second = replayed(id);
        assertThat(Feed.outcome(second)).isEqualTo("1 read, 1 inserted");
        assertThat(second.getLong("replays")).isEqualTo(id);

        isNothingLeft(id);
        isNothingLeft(first.getLong("id"));
        assertThat(qanat.query("SELECT id, amount, _position FROM silver." + pipeline + " ORDER BY id"))
                .extracting(row -> row.get("id") + " " + row.get("amount") + " " + row.get("_position"))
                .containsExactly("1 5.00 2", "2 1.50 3", "3 2.25 4", "4 200.50 5");
        assertThat(qanat.query("SELECT _source, _position, record FROM bronze." + pipeline + "__rows ORDER BY _position"))
                .extracting(row -> row.get("_source") + " " + row.get("_position") + " " + row.get("record"))
                .containsExactly(
                        "a.csv 2 {\"id\":\"1\",\"amount\":\"5\"}",
                        "a.csv 3 {\"id\":\"2\",\"amount\":\"1.5\"}",
                        "a.csv 4 {\"id\":\"3\",\"amount\":\"2.25\"}",
                        "a.csv 5 {\"id\":\"4\",\"amount\":\"200.5\"}");
        isAccounted();
    }

    @Test
    void a_replay_of_which_nothing_fits_fails_and_leaves_all_as_it_was() throws Exception {
        pipeline(STRICT);
        long id = qanat.load(pipeline, "a.csv", "id,amount\n1,5\n2,1.5\n").getLong("id");

        JsonPath failed = replayed(id);
        assertThat(Feed.outcome(failed)).isEqualTo("failed all_rejected: 1 read, 1 rejected");
        assertThat(qanat.rejections(id)).singleElement().satisfies(one -> assertThat(one).doesNotContainKey("replayed_by"));

        pipeline(MENDED);
        assertThat(Feed.outcome(replayed(id))).isEqualTo("1 read, 1 inserted");
        isNothingLeft(id);
    }

    @Test
    void what_could_not_be_read_or_was_cut_is_left_and_counted() throws Exception {
        byte[] text = ("id,amount,note\n1,5,a\n2,1.5,b\n3,1\n4,x,\u00FF\n5,2.5," + "n".repeat(70_000) + "\n").getBytes(StandardCharsets.ISO_8859_1);
        // The third record has too few fields, a byte of the fourth is no UTF-8, the fifth is cut.
        pipeline("files: { csv: { encoding: utf-8 } }\n    columns: { id: integer, amount: integer, note: text }\n    primary_key: id");
        JsonPath run = qanat.load(pipeline, "a.csv", text);
        assertThat(qanat.rejections(run.getLong("id"))).extracting(one -> one.get("code"))
                .containsExactly("type_mismatch", "field_count", "invalid_encoding", "type_mismatch");

        pipeline("columns: { id: integer, amount: \"numeric(12,2)\", note: text }\n    primary_key: id");
        JsonPath replay = replayed(run.getLong("id"));
        assertThat(Feed.outcome(replay)).isEqualTo("1 read, 1 inserted");
        assertThat(replay.getInt("not_replayable")).isEqualTo(3);

        Response again = isNothingLeft(run.getLong("id"));
        assertThat(again.jsonPath().getString("detail")).contains("3 cannot be");
        isAccounted();
    }

    @Test
    void records_of_json_keep_what_they_are() throws Exception {
        pipeline("columns: { id: bigint, at: { from: place__at, type: date }, tags: json, code: json }\n    primary_key: id");
        JsonPath run = qanat.load(pipeline, "a.json", """
                [{"id": 1, "place": {"at": "2024-01-31"}, "tags": [1, 2], "code": "x"},
                 {"id": 2, "place": {"at": "31.01.2024"}, "tags": {"a": 1.50}, "code": "7"},
                 {"id": 3, "place": {"at": "01.02.2024"}, "tags": "t"}]
                """);
        assertThat(Feed.outcome(run)).isEqualTo("3 read, 1 inserted, 2 rejected");

        pipeline("columns: { id: bigint, at: { from: place__at, type: date, format: dd.MM.yyyy }, tags: json, code: json }\n    primary_key: id");
        assertThat(Feed.outcome(replayed(run.getLong("id")))).isEqualTo("2 read, 2 inserted");

        assertThat(qanat.query("SELECT id, at, tags, code, _position FROM silver." + pipeline + " WHERE id > 1 ORDER BY id"))
                .extracting(row -> row.values().toString())
                .containsExactly("[2, 2024-01-31, {\"a\":1.50}, \"7\", 2]", "[3, 2024-02-01, \"t\", null, 3]");
    }

    @Test
    void records_of_text_are_mapped_by_their_header_again_also_within_an_archive() throws Exception {
        pipeline(STRICT);
        JsonPath run = qanat.load(pipeline, "both.zip", zip(Map.of("a.csv", "ID,Amount\n1,5\n2,1.5\n", "b.csv", "amount,id\n2.5,3\n7,4\n")));
        assertThat(Feed.outcome(run)).isEqualTo("4 read, 2 inserted, 2 rejected");

        pipeline(MENDED);
        assertThat(Feed.outcome(replayed(run.getLong("id")))).isEqualTo("2 read, 2 inserted");

        assertThat(qanat.query("SELECT b._source, b._position, s.amount FROM bronze." + pipeline + "__rows AS b JOIN silver." + pipeline
                        + " AS s USING (_run_id, _position) WHERE s.id IN (2, 3) AND b.record::jsonb ->> (CASE s.id WHEN 2 THEN 'ID' ELSE 'id' END)"
                        + " = s.id::text ORDER BY s.id"))
                .extracting(row -> row.values().toString())
                .containsExactly("[both.zip!/a.csv, 3, 1.50]", "[both.zip!/b.csv, 2, 2.50]");
    }

    @Test
    void a_row_on_which_an_expression_failed_is_computed_by_the_mended_one() throws Exception {
        pipeline("columns: { id: integer, a: integer, b: integer, q: { expr: \"a / b\", type: integer } }\n    primary_key: id");
        JsonPath run = qanat.load(pipeline, "a.csv", "id,a,b\n1,6,3\n2,5,0\n");
        assertThat(qanat.rejections(run.getLong("id"))).extracting(one -> one.get("code")).containsExactly("expression_failed");

        pipeline("columns: { id: integer, a: integer, b: integer, q: { expr: \"a / nullif(b, 0)\", type: integer } }\n    primary_key: id");
        assertThat(Feed.outcome(replayed(run.getLong("id")))).isEqualTo("1 read, 1 inserted");
        assertThat(qanat.query("SELECT id FROM silver." + pipeline + " WHERE q IS NULL")).hasSize(1);
    }

    @Test
    void a_replay_adds_to_a_table_that_is_replaced_unless_a_later_file_has_replaced_it() throws Exception {
        pipeline(STRICT + "\n    write_disposition: replace");
        long first = qanat.load(pipeline, "a.csv", "id,amount\n1,5\n2,1.5\n").getLong("id");
        pipeline(MENDED + "\n    write_disposition: replace");
        assertThat(Feed.outcome(replayed(first))).isEqualTo("1 read, 1 inserted");
        assertThat(qanat.value("SELECT count(*) FROM silver." + pipeline)).isEqualTo("2");

        pipeline(STRICT.replace("amount", "price") + "\n    write_disposition: replace");
        long second = qanat.load(pipeline, "b.csv", "id,price\n3,5\n4,x\n").getLong("id");
        qanat.load(pipeline, "c.csv", "id,price\n5,5\n");
        Response answer = replay(second);
        assertThat(answer.statusCode()).isEqualTo(409);
        assertThat(answer.jsonPath().getString("detail")).contains("has been replaced by run");
    }

    @Test
    void rows_known_by_their_hash_are_appended_once() throws Exception {
        String append = "columns: { id: %s }";
        pipeline(append.formatted("integer"));
        long id = qanat.load(pipeline, "a.csv", "id\n1\na\nb\na\n").getLong("id");
        pipeline("columns: { id: text }");
        assertThat(Feed.outcome(replayed(id))).isEqualTo("3 read, 2 inserted, 1 duplicate");
        isNothingLeft(id);
        isAccounted();
    }

    @Test
    void a_replay_can_be_asked_for_twice_and_be_cancelled_and_loses_nothing() throws Exception {
        pipeline(STRICT);
        long id = qanat.load(pipeline, "a.csv", "id,amount\n1,5\n2,1.5\n").getLong("id");
        pipeline(MENDED);
        try (Connection holder = qanat.database();
                Statement statement = holder.createStatement()) {
            statement.execute("SELECT pg_advisory_lock(hashtextextended('\"silver\".\"" + pipeline + "\"', 0))");
            long replay = replay(id).jsonPath().getLong("id");
            assertThat(replay(id).jsonPath().getLong("id")).isEqualTo(replay);
            qanat.await("it waits", () -> is("EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'advisory' AND application_name = 'qanat run "
                    + replay + "')"));
            assertThat(qanat.request().post("/runs/" + replay + "/cancel").statusCode()).isEqualTo(202);
            qanat.await("it is cancelled", Duration.ofSeconds(5), () -> status(replay).equals("cancelled"));
        }
        assertThat(qanat.value("SELECT count(*) FROM qanat.rejection WHERE replayed_by IS NOT NULL AND run_id = " + id)).isEqualTo("0");
        assertThat(Feed.outcome(replayed(id))).isEqualTo("1 read, 1 inserted");
        isAccounted();
    }

    @Test
    void a_replay_that_makes_no_sense_is_refused() throws Exception {
        pipeline(STRICT);
        long failed = qanat.load(pipeline, "a.csv", "id,amount\n2,1.5\n").getLong("id");
        Response answer = isNothingLeft(failed);
        assertThat(answer.jsonPath().getString("detail")).contains("landed nothing", "drop its file into the inbox again");
        isNothingLeft(qanat.load(pipeline, "b.csv", "id,amount\n2,1\n").getLong("id"));
        assertThat(replay(999_999_999).statusCode()).isEqualTo(404);
        assertThat(qanat.request().queryParam("wait", "soon").post("/runs/" + failed + "/replay").statusCode()).isEqualTo(400);

        long left = qanat.load(pipeline, "c.csv", "id,amount\n5,1\n6,x\n").getLong("id");
        qanat.pipeline("pipeline: " + pipeline + "\nsources: { drops: { type: files } }\nresources: [ { name: other, table: " + pipeline + " } ]\n");
        Response gone = replay(left);
        assertThat(gone.statusCode()).isEqualTo(404);
        assertThat(gone.jsonPath().getString("code")).isEqualTo("unknown_resource");
    }

    private void pipeline(String resource) {
        qanat.pipeline("""
                pipeline: %1$s
                sources: { drops: { type: files } }
                resources:
                  - name: rows
                    source: drops
                    table: %1$s
                    %2$s
                """.formatted(pipeline, resource));
    }

    private static Response replay(long run) {
        return qanat.request().post("/runs/" + run + "/replay");
    }

    /** Replays and waits for the end. */
    private static JsonPath replayed(long run) {
        Response answer = qanat.request().queryParam("wait", "PT60S").post("/runs/" + run + "/replay");
        assertThat(answer.statusCode()).as(answer.asString()).isEqualTo(202);
        assertThat(answer.header("Location")).isEqualTo("/runs/" + answer.jsonPath().getLong("id"));
        return answer.jsonPath();
    }

    private static Response isNothingLeft(long run) {
        Response answer = replay(run);
        assertThat(answer.statusCode()).as(answer.asString()).isEqualTo(409);
        assertThat(answer.jsonPath().getString("code")).isEqualTo("nothing_to_replay");
        return answer;
    }

    /** For every landed run the counts add up, its rejections are there, and so are its records in bronze. */
    private void isAccounted() throws SQLException {
        assertThat(qanat.query("SELECT id FROM qanat.run WHERE pipeline = '" + pipeline + "' AND landed_at IS NOT NULL AND (read <> inserted"
                        + " + updated + unchanged + duplicate + filtered + rejected OR rejected <> (SELECT count(*) FROM qanat.rejection"
                        + " WHERE run_id = run.id) OR read - rejected <> (SELECT count(*) FROM bronze." + pipeline
                        + "__rows WHERE _run_id = run.id))"))
                .isEmpty();
        assertThat(qanat.query("SELECT 1 FROM pg_tables WHERE schemaname = 'qanat_staging' AND tablename ~ ('^run_(' || (SELECT"
                        + " string_agg(id::text, '|') FROM qanat.run WHERE pipeline = '" + pipeline + "') || ')_')"))
                .isEmpty();
    }

    private static byte[] zip(Map<String, String> entries) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            for (String name : entries.keySet().stream().sorted().toList()) {
                zip.putNextEntry(new ZipEntry(name));
                zip.write(entries.get(name).getBytes(StandardCharsets.UTF_8));
            }
        }
        return bytes.toByteArray();
    }

    private static String status(long run) {
        return qanat.request().get("/runs/" + run).jsonPath().getString("status");
    }

    private static boolean is(String condition) {
        try {
            return qanat.value("SELECT " + condition).equals("t");
        } catch (SQLException e) {
            return false;
        }
    }

    @Test
    void what_is_left_is_listed_by_run() throws Exception {
        pipeline(STRICT);
        long id = qanat.load(pipeline, "a.csv", "id,amount\n1,5\n2,1.5\n").getLong("id");
        assertThat(qanat.rejections(id)).extracting(Map::keySet).allSatisfy(keys -> assertThat(List.copyOf(keys))
                .containsExactly("id", "resource", "source", "position", "column", "code", "reason", "record"));
    }
}
