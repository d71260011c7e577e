package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.restassured.path.json.JsonPath;
import io.restassured.response.Response;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whatever comes in ends in a clear error or a rejection with its code; the server goes on, and the next file loads. */
class BadInputIT {

    private static Qanat qanat;

    @BeforeAll
    static void start() throws IOException {
        qanat = Qanat.shared();
    }

    @TestFactory
    Stream<DynamicTest> a_bad_file_costs_no_other() throws IOException {
        return FileCases.dropped(qanat, "bad.yaml");
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '~', quoteCharacter = '`', textBlock = """
            # what                   ~ status ~ code          ~ YAML
            not YAML                 ~ 400    ~ not_yaml      ~ pipeline: "x
            binary                   ~ 400    ~ not_yaml      ~ `\u0001\u0002`
            a list                   ~ 422    ~ wrong_type    ~ [pipeline, x]
            an unknown key           ~ 422    ~ unknown_key   ~ {pipeline: x, sauces: {}, sources: {d: {type: files}}, resources: [{name: r}]}
            a name that leads up     ~ 422    ~ invalid_name  ~ {pipeline: ../x, sources: {d: {type: files}}, resources: [{name: r}]}
            a path that leads up     ~ 422    ~ invalid_value ~ {pipeline: x, sources: {d: {type: files, path: ../x}}, resources: [{name: r}]}
            an absolute path         ~ 422    ~ invalid_value ~ {pipeline: x, sources: {d: {type: files, path: /etc}}, resources: [{name: r}]}
            a table with quotes      ~ 422    ~ invalid_name  ~ {pipeline: x, sources: {d: {type: files}}, resources: [{name: r, table: 'a"; drop schema qanat'}]}
            a column that drops      ~ 422    ~ invalid_name  ~ {pipeline: x, sources: {d: {type: files}}, resources: [{name: r, columns: {'"; drop table': text}}]}
            a type that is none      ~ 422    ~ invalid_value ~ {pipeline: x, sources: {d: {type: files}}, resources: [{name: r, columns: {a: "text; drop table"}}]}
            """)
    void a_bad_pipeline_is_refused_with_its_reason(String what, int status, String code, String yaml) {
        Response answer = qanat.upload(yaml);

        assertThat(answer.statusCode()).as(answer.asString()).isEqualTo(status);
        assertThat(answer.contentType()).isEqualTo("application/problem+json");
        assertThat(answer.jsonPath().getList("errors.code")).contains(code);
        assertThat(answer.jsonPath().getList("errors.message")).doesNotContainNull();
        assertThat(qanat.request().get("/api/v1/health").statusCode()).isEqualTo(200);
    }

    @Test
    void a_link_that_leads_out_of_the_home_is_not_followed() throws Exception {
        String name = Qanat.newName("link");
        Path outside = Files.writeString(Files.createTempFile("outside", ".csv"), "id,name\n1,secret\n");
        qanat.pipeline("""
                pipeline: %1$s
                sources: { drops: { type: files } }
                resources: [ { name: %1$s } ]
                """.formatted(name));
        Files.createDirectories(qanat.inbox(name));

        Files.createSymbolicLink(qanat.inbox(name).resolve("link.csv"), outside);
        JsonPath run = qanat.awaitRun(name);

        assertThat(run.getString("status")).isEqualTo("failed");
        assertThat(run.getString("error.code")).isEqualTo("outside_home");
        assertThat(qanat.quarantine(name).resolve("link.csv")).isSymbolicLink();
        assertThat(outside).content().isEqualTo("id,name\n1,secret\n");
        assertThat(qanat.load(name, "next.csv", "id,name\n2,b\n").getString("status")).isEqualTo("succeeded");
        assertThat(qanat.query("SELECT name FROM silver." + name)).extracting(row -> row.get("name")).isEqualTo(List.of("b"));
        Files.delete(outside);
    }
}
