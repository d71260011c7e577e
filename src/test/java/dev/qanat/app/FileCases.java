package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.restassured.path.json.JsonPath;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.DynamicTest;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/**
 * Cases of {@code files/*.yaml}: a file, and what becomes of it. Each has a pipeline of its own; all files are dropped at once, so that
 * the cases cost little more time than one of them.
 *
 * <p>A case gives {@code id}, {@code why}, its file's name as {@code file}, and what is in it as {@code text} (in UTF-8 or in
 * {@code charset}) or {@code hex}, packed when {@code gzip} is true and without its last {@code cut} bytes; further keys of its
 * resource as {@code resource}. Expected are {@code counts} (read/inserted/duplicate/rejected), {@code columns} of the table, its
 * {@code rows}, {@code bronze} (positions, or none for no table) and {@code rejections} (position, column, code); or a
 * {@code failure}'s code and {@code message}, a part of it. With {@code then}, the text of a second file, that one loads afterwards.
 */
final class FileCases {

    private static final Set<String> KEYS = Set.of(
            "id", "why", "file", "text", "charset", "hex", "gzip", "cut", "resource", "counts", "columns", "rows", "bronze",
            "rejections", "failure", "message", "then");

    private final Qanat qanat;
    private final Map<?, ?> spec;
    private final String pipeline;

    private FileCases(Qanat qanat, Map<?, ?> spec) {
        this.qanat = qanat;
        this.spec = spec;
        this.pipeline = Qanat.newName("case_" + text("id"));
        assertThat(KEYS)
                .as("keys of case " + spec.get("id"))
                .containsAll(spec.keySet().stream().map(Object::toString).toList());
    }

    /** Drops all files of a list of cases now, and gives a test for each case that looks at what became of it. */
    static Stream<DynamicTest> dropped(Qanat qanat, String list) throws IOException {
        List<FileCases> cases = new ArrayList<>();
        try (InputStream yaml = Files.newInputStream(Path.of("src/test/resources/files", list))) {
            for (Object each : (List<?>) new Load(LoadSettings.builder().setLabel(list).build()).loadFromInputStream(yaml)) {
                FileCases one = new FileCases(qanat, (Map<?, ?>) each);
                one.drop();
                cases.add(one);
            }
        }
        return cases.stream().map(one -> DynamicTest.dynamicTest(one.text("id") + ": " + one.text("why"), one::check));
    }

    private String text(String key) {
        return String.valueOf(spec.get(key));
    }

    private List<String> list(String key) {
        return ((List<?>) spec.get(key)).stream().map(String::valueOf).toList();
    }

    private void drop() throws IOException {
        qanat.pipeline("""
                pipeline: %1$s
                sources: { drops: { type: files } }
                resources: [ { name: %1$s, source: drops%2$s } ]
                """.formatted(pipeline, spec.containsKey("resource") ? ", " + text("resource") : ""));
        qanat.drop(pipeline, text("file"), bytes());
        if (spec.containsKey("then")) {
            qanat.drop(pipeline, "zz_next.csv", text("then"));
        }
    }

    private byte[] bytes() throws IOException {
        byte[] bytes = spec.containsKey("hex")
                ? HexFormat.of().parseHex(text("hex").replace(" ", ""))
                : text("text").getBytes(Charset.forName(spec.containsKey("charset") ? text("charset") : "UTF-8"));
        if (Boolean.TRUE.equals(spec.get("gzip"))) {
            ByteArrayOutputStream packed = new ByteArrayOutputStream();
            try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
                gzip.write(bytes);
            }
            bytes = packed.toByteArray();
        }
        int cut = spec.containsKey("cut") ? Integer.parseInt(text("cut")) : 0;
        return Arrays.copyOf(bytes, bytes.length - cut);
    }

    private void check() throws SQLException {
        List<JsonPath> runs = qanat.awaitRuns(pipeline, spec.containsKey("then") ? 2 : 1);
        JsonPath run = runs.get(runs.size() - 1);
        String told = run.prettify();
        assertThat(run.getString("files[0].name")).isEqualTo(text("file"));
        if (spec.containsKey("failure")) {
            assertThat(run.getString("error.code")).as(told).isEqualTo(text("failure"));
            assertThat(run.getString("status")).isEqualTo("failed");
            assertThat(run.getString("error.message")).contains(spec.containsKey("message") ? text("message") : "");
            assertThat(qanat.quarantine(pipeline).resolve(text("file"))).exists();
            assertThat(qanat.quarantine(pipeline).resolve(text("file") + ".error.txt")).content().contains(text("failure"));
        } else {
            assertThat(run.getString("status")).as(told).isEqualTo("succeeded");
            assertThat(run.getString("error")).isNull();
            assertThat(qanat.archive(pipeline).resolve(text("file"))).exists();
        }
        if (spec.containsKey("counts")) {
            assertThat(Stream.of("read", "inserted", "duplicate", "rejected").map(run::getString).toList())
                    .as(told)
                    .containsExactly(text("counts").split("/"));
        }
        if (spec.containsKey("then")) {
            assertThat(runs).hasSize(2);
            assertThat(runs.get(0).getString("status")).as(runs.get(0).prettify()).isEqualTo("succeeded");
            assertThat(runs.get(0).getString("files[0].name")).isEqualTo("zz_next.csv");
            assertThat(runs.get(0).getInt("inserted")).isPositive();
        }
        if (spec.containsKey("rejections")) {
            assertThat(qanat.rejections(run.getLong("id")))
                    .allSatisfy(rejection -> assertThat(rejection).containsEntry("source", text("file")))
                    .extracting(rejection -> rejection.get("position") + " " + rejection.get("column") + " " + rejection.get("code"))
                    .containsExactlyElementsOf(list("rejections"));
        }
        checkTables(run.getLong("id"));
    }

    private void checkTables(long run) throws SQLException {
        List<String> columns = qanat.query("""
                        SELECT column_name FROM information_schema.columns
                        WHERE table_schema = 'silver' AND table_name = '%s'
                          AND column_name NOT IN ('_run_id', '_position', '_row_hash', '_created_at', '_updated_at')
                        ORDER BY ordinal_position""".formatted(pipeline))
                .stream()
                .map(row -> row.get("column_name"))
                .toList();
        if (spec.containsKey("columns")) {
            assertThat(columns).isEqualTo(list("columns"));
        }
        if (spec.containsKey("rows")) {
            String names = String.join(", ", columns.stream().map(name -> "\"" + name + "\"").toList());
            assertThat(qanat.query("SELECT " + names + " FROM silver." + pipeline + " WHERE _run_id = " + run))
                    .extracting(row -> String.join("|", row.values().stream().map(String::valueOf).toList()))
                    .containsExactlyInAnyOrderElementsOf(list("rows"));
        }
        if ("none".equals(spec.get("bronze"))) {
            assertThat(qanat.value("SELECT to_regclass('bronze." + pipeline + "__" + pipeline + "')")).isNull();
        } else if (spec.containsKey("bronze")) {
            assertThat(qanat.query("SELECT _source, _position FROM bronze." + pipeline + "__" + pipeline + " WHERE _run_id = " + run
                            + " ORDER BY _position"))
                    .allSatisfy(row -> assertThat(row).containsEntry("_source", text("file")))
                    .extracting(row -> row.get("_position"))
                    .containsExactlyElementsOf(list("bronze"));
        }
    }
}
