package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.restassured.path.json.JsonPath;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** Columns that are declared as personal. */
@Execution(ExecutionMode.CONCURRENT)
class PersonalDataIT {

    /** A part of every personal value of these tests. */
    private static final String PERSONAL = "pers0nal";

    private static final String USERS = """
            columns:
              id:       { type: integer, required: true }
              email:    { pii: mask }
              username: { pii: hash }
              password: { pii: drop }
              lat:      { from: address__geolocation__lat, pii: drop }
              city:     { from: address__city }
              age:      { type: %s, min: 0 }
            primary_key: id
            children:
              cards: { columns: { number: { pii: mask }, kind: { values: [debit, credit] } } }
            """;

    @Test
    void a_personal_value_is_kept_nowhere() throws IOException, SQLException {
        Feed feed = Feed.of(USERS.formatted("integer"));
        feed.drop("json", bytes("""
                [{"id": 1, "email": "pers0nal@gmail.com", "username": "pers0nal", "password": "pers0nal$F", "age": 30,
                  "address": {"geolocation": {"lat": "pers0nal", "long": "81.1496"}, "city": "kilcoole"},
                  "cards": [{"number": "pers0nal-1", "kind": "debit"}, {"number": null, "kind": "credit"}]},
                 {"id": 2, "email": "pers0nal@gmail.com", "username": "pers0nal", "password": {"old": "pers0nal"}, "age": "thirty"},
                 {"id": 3, "username": ["pers0nal"], "cards": [{"number": "pers0nal-2", "kind": "gold"}]},
                 {"id": 4, "username": "pers0nal", "password": "pers0nal\\u0000"}]
                """));
        feed.drop("jsonl", bytes("{\"id\": 5, \"email\": pers0nal}\n{\"id\": 6, \"Email\": \"pers0nal@x.com\"}\n"));
        feed.drop("Id,E-Mail,USERNAME,PASSWORD,age\n7,pers0nal,pers0nal,pers0nal,1\n8,pers0nal@x.org,pers0nal,pers0nal,x\n"
                + "9,pers0nal,pers0nal,pers0nal,pers0nal,1\n10,,\"pers0nal\" pers0nal,,\n");
        feed.drop("json", bytes("[{\"id\": 11, \"email\": \"pers0nal\"}, {\"id\": 12, \"email\": pers0nal}]"));
        feed.drop("id,email,username,password\nnone,pers0nal,pers0nal,pers0nal\n");
        assertThat(feed.outcomes())
                .containsExactly(
                        "4 read, 1 inserted, 3 rejected",
                        "2 read, 1 inserted, 1 rejected",
                        "4 read, 1 inserted, 3 rejected",
                        "failed malformed_json: 0 read",
                        "failed all_rejected: 1 read, 1 rejected");

        String hash = feed.qanat().value("SELECT encode(sha256('none'), 'hex')").replaceAll(".", "h");
        assertThat(feed.rows().stream().map(row -> row.replaceAll("[0-9a-f]{64}", hash)))
                .containsExactlyInAnyOrder(
                        "id=1, email=p***@gmail.com, username=" + hash + ", city=kilcoole, age=30, address__geolocation__long=81.1496, email_2=null, e_mail=null",
                        "id=6, email=null, username=null, city=null, age=null, address__geolocation__long=null, email_2=p***@x.com, e_mail=null",
                        "id=7, email=null, username=" + hash + ", city=null, age=1, address__geolocation__long=null, email_2=null, e_mail=***");
        assertThat(feed.items("cards"))
                .containsExactly("_parent_id=1, _index=0, number=***, kind=debit", "_parent_id=1, _index=1, number=null, kind=credit");
        assertThat(feed.qanat().value("SELECT count(DISTINCT username) FROM " + feed.table())).as("one user name, one hash").isEqualTo("1");
        assertThat(feed.rejections(feed.runs().get(0)))
                .containsExactly("4 age type_mismatch", "5 cards[0].kind not_in_values", "6 null invalid_character");
        assertThat(places(feed)).isEmpty();
        for (JsonPath run : feed.runs()) {
            assertThat(run.prettify()).doesNotContain(PERSONAL);
            assertThat(feed.qanat().rejections(run.getLong("id")).toString()).doesNotContain(PERSONAL);
        }
        assertThat(feed.qanat().logText()).doesNotContain(PERSONAL);
    }

    /** The tables of the feed and of the ledger that hold a personal value. */
    private static List<String> places(Feed feed) throws SQLException {
        List<String> places = new ArrayList<>();
        for (Map<String, String> table : feed.qanat().query("SELECT schemaname, tablename FROM pg_tables WHERE schemaname = 'qanat'"
                + " OR schemaname IN ('bronze', 'silver') AND tablename LIKE '" + feed.name() + "%'")) {
            String name = table.get("schemaname") + ".\"" + table.get("tablename") + '"';
            if (!feed.qanat().value("SELECT count(*) FROM " + name + " AS t WHERE t::text LIKE '%" + PERSONAL + "%'").equals("0")) {
                places.add(name);
            }
        }
        return places;
    }

    @Test
    void a_replay_does_not_treat_again_what_was_treated() throws IOException, SQLException {
        Feed feed = Feed.of(USERS.formatted("integer"));
        long run = feed.load("id,username,email,password,age\n1,ann,ann@x.com,pw,1\n2,ann,ann@x.com,pw,many\n").getLong("id");
        feed.declare(USERS.formatted("integer").replace("type: integer, min: 0", "type: integer, null_if: [many]"));
        JsonPath replay = replayed(feed, run);
        assertThat(Feed.outcome(replay)).isEqualTo("1 read, 1 inserted");
        assertThat(feed.qanat().query("SELECT count(*) AS n, count(DISTINCT username) AS names, min(email) AS email FROM " + feed.table()))
                .containsExactly(Map.of("n", "2", "names", "1", "email", "a***@x.com"));
    }

    @Test
    void a_replay_is_refused_where_personal_values_were_treated_otherwise() throws IOException {
        Feed feed = Feed.of("schema: { id: integer, name: text }");
        long run = feed.load("id,name\n1,ann\nx,bob\n").getLong("id");
        feed.declare("columns: { id: { type: integer, null_if: [x] }, name: { pii: hash } }");
        JsonPath replay = replayed(feed, run);
        assertThat(replay.getString("status")).isEqualTo("failed");
        assertThat(replay.getString("error.code")).isEqualTo("nothing_to_replay");
        assertThat(replay.getString("error.message")).contains("version 1", "'pii'", "drop the file into the inbox again");
    }

    private static JsonPath replayed(Feed feed, long run) {
        return feed.qanat().request().post("/runs/" + run + "/replay?wait=PT60S").then().extract().jsonPath();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
