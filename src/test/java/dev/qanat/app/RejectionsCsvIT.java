package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;

import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.NamedCsvRecord;
import io.restassured.path.json.JsonPath;
import io.restassured.response.Response;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The rejections of a run as a file for a spreadsheet. */
class RejectionsCsvIT {

    private static final String RESOURCE = "columns: { id: { type: integer, required: true }, name: text }";

    private static Qanat qanat;

    @BeforeAll
    static void start() throws IOException {
        qanat = Qanat.shared();
    }

    private static JsonPath load(String file) throws IOException {
        return load("r.csv", file);
    }

    private static JsonPath load(String name, String file) throws IOException {
        String pipeline = Qanat.newName("csv");
        qanat.pipeline("""
                pipeline: %1$s
                sources: { drops: { type: files } }
                resources: [ { name: %1$s, source: drops, %2$s } ]
                """.formatted(pipeline, RESOURCE));
        return qanat.load(pipeline, name, file);
    }

    private static Response csv(long run) {
        return qanat.request().accept("text/csv").get("/runs/" + run + "/rejections");
    }

    private static List<NamedCsvRecord> records(String csv) {
        try (CsvReader<NamedCsvRecord> reader = CsvReader.builder().ofNamedCsvRecord(csv)) {
            return reader.stream().toList();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void the_csv_says_what_the_json_says() throws Exception {
        long run = load("id,name\n1,a\nx,\"b, \"\"c\"\"\nd\"\n,é\n").getLong("id");

        Response answer = csv(run);

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.contentType()).isEqualTo("text/csv; charset=utf-8; header=present");
        assertThat(answer.header("Content-Disposition")).isEqualTo("attachment; filename=\"run-" + run + "-rejections.csv\"");
        String text = new String(answer.asByteArray(), StandardCharsets.UTF_8);
        assertThat(text).startsWith("id,resource,source,position,column,code,reason,record,replayed_by\r\n").endsWith("\r\n");
        List<Map<String, Object>> json = qanat.rejections(run);
        assertThat(json).hasSize(2);
        assertThat(records(text)).hasSize(2).zipSatisfy(json, (record, rejection) -> rejection.forEach((key, value) ->
                assertThat(record.getField(key)).as(key).isEqualTo(String.valueOf(value))));
    }

    @Test
    void the_format_may_stand_in_the_query_and_json_is_what_is_given_otherwise() throws Exception {
        String path = "/runs/" + load("id,name\nx,b\n1,a\n").getLong("id") + "/rejections";

        assertThat(qanat.request().queryParam("format", "csv").get(path).contentType()).startsWith("text/csv");
        assertThat(qanat.request().accept("text/csv").queryParam("format", "json").get(path).contentType()).isEqualTo("application/json");
        assertThat(qanat.request().accept("*/*").get(path).contentType()).isEqualTo("application/json");
        assertThat(qanat.request().get(path).header("Vary")).isEqualTo("Accept");
        Response unknown = qanat.request().queryParam("format", "xml").get(path);
        assertThat(unknown.statusCode()).isEqualTo(400);
        assertThat(unknown.jsonPath().getString("code")).isEqualTo("invalid_request");
        Response nobody = qanat.request().accept("text/csv").get("/runs/999999999/rejections");
        assertThat(nobody.statusCode()).isEqualTo(404);
        assertThat(nobody.contentType()).isEqualTo("application/problem+json");
    }

    @Test
    void a_run_without_rejections_has_a_header_alone() throws Exception {
        assertThat(csv(load("id,name\n1,a\n").getLong("id")).asString())
                .isEqualTo("id,resource,source,position,column,code,reason,record,replayed_by\r\n");
    }

    @Test
    void nothing_in_it_is_a_formula_for_a_spreadsheet() throws Exception {
        long run = load("=cmd.csv", "id,name\n1,a\nx;=1+1,b\n\"x;\"\"=cmd|' /C calc'!A0\",c\n\"x\n@SUM(1)\",d\n").getLong("id");

        List<NamedCsvRecord> records = records(csv(run).asString());

        assertThat(records).hasSize(3);
        for (NamedCsvRecord record : records) {
            assertThat(record.getField("source")).isEqualTo("'=cmd.csv");
            for (String cell : record.getFields()) {
                // As a spreadsheet takes it whose delimiter is the comma, and one whose delimiter is the semicolon.
                for (String part : cell.split("[;\t\r\n]")) {
                    assertThat(part.replaceFirst("^[\\s\"]+", "")).doesNotContainPattern("^[=+@\\-]");
                }
            }
        }
    }

    @Test
    void all_rejections_are_in_it_and_they_need_not_fit_into_memory() throws Exception {
        long run = load("id,name\n1,a\n").getLong("id");
        qanat.execute("""
                INSERT INTO qanat.rejection (run_id, resource, source, position, code, reason, record)
                SELECT %d, 'big', 'big.csv', n, 'type_mismatch', 'big', '{"a":"' || repeat('x', 60000) || '"}'
                FROM generate_series(1, 5000) AS n""".formatted(run));

        try (InputStream bytes = csv(run).asInputStream();
                CsvReader<NamedCsvRecord> reader = CsvReader.builder().ofNamedCsvRecord(new InputStreamReader(bytes, StandardCharsets.UTF_8))) {
            Map<Integer, Long> lengths = reader.stream()
                    .collect(Collectors.groupingBy(record -> record.getField("record").length(), Collectors.counting()));
            assertThat(lengths).isEqualTo(Map.of(60_008, 5_000L));
        } finally {
            qanat.execute("DELETE FROM qanat.rejection WHERE run_id = " + run);
        }
    }

    @Test
    void as_many_slow_readers_as_may_cost_little_and_who_is_gone_makes_room() throws Exception {
        long run = load("id,name\n1,a\n").getLong("id");
        qanat.execute("""
                INSERT INTO qanat.rejection (run_id, resource, source, position, code, reason, record)
                SELECT %d, 'big', 'big.csv', n, 'type_mismatch', 'big', repeat('x', 65000) FROM generate_series(1, 300) AS n"""
                .formatted(run));
        List<Socket> readers = new ArrayList<>();
        try {
            for (int i = 0; i < 230; i++) {
                readers.add(slowReader(run));
            }
            qanat.await("all are answered", () -> readers.stream().allMatch(reader -> available(reader) >= 12));
            List<String> lines = new ArrayList<>();
            for (Socket reader : readers) {
                lines.add(new String(reader.getInputStream().readNBytes(12), StandardCharsets.US_ASCII));
            }
            assertThat(lines).filteredOn("HTTP/1.1 200"::equals).hasSize(32);
            assertThat(lines).filteredOn("HTTP/1.1 503"::equals).hasSize(198);
            Response refused = csv(run);
            assertThat(refused.jsonPath().getString("code")).isEqualTo("too_many_downloads");
            assertThat(refused.header("Retry-After")).isEqualTo("2");

            for (Socket reader : readers) {
                reader.close();
            }
            qanat.await("there is room again", () -> csv(run).statusCode() == 200);
        } finally {
            for (Socket reader : readers) {
                reader.close();
            }
            qanat.execute("DELETE FROM qanat.rejection WHERE run_id = " + run);
        }
    }

    private static Socket slowReader(long run) throws IOException {
        Socket reader = new Socket();
        reader.setReceiveBufferSize(4096);
        reader.connect(new InetSocketAddress("127.0.0.1", qanat.port()));
        reader.getOutputStream().write(("GET /runs/" + run + "/rejections?format=csv HTTP/1.1\r\nHost: localhost:" + qanat.port()
                + "\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
        return reader;
    }

    private static int available(Socket reader) {
        try {
            return reader.getInputStream().available();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
