package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.restassured.path.json.JsonPath;
import io.restassured.response.Response;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The file of all rows that is written after a landing. */
class CombinedCsvIT {

    private static String pipeline(String name, String resources) {
        return """
                pipeline: %1$s
                sources: { drops: { type: files } }
                combined_csv: exports/%1$s/all.csv
                resources:
                """.formatted(name) + resources.formatted(name);
    }

    private static final String ONE = "  - { name: rows, table: %s, schema: { id: integer, name: text }, primary_key: id }\n";

    private static Path export(Qanat qanat, String name) {
        return qanat.home().resolve("exports").resolve(name).resolve("all.csv");
    }

    @Test
    void it_holds_the_rows_of_every_file_so_far_with_the_union_of_the_columns() throws IOException {
        Qanat qanat = Qanat.shared();
        String name = Qanat.newName("combined");
        qanat.pipeline(pipeline(name, ONE));
        qanat.load(name, "a.csv", "id,name\n1,a\n2,\"b, \"\"c\"\"\"\nx,y\n");
        assertThat(export(qanat, name)).hasContent("id,name\n1,a\n2,\"b, \"\"c\"\"\"\n");
        qanat.load(name, "b.csv", "id,name,note\n3,,ä\n1,z,\n");
        assertThat(export(qanat, name)).hasContent("id,name,note\n2,\"b, \"\"c\"\"\",\n3,,ä\n1,z,\n");
        JsonPath failed = qanat.load(name, "c.csv", "id,name\nx,1\n");
        assertThat(failed.getString("status")).isEqualTo("failed");
        assertThat(export(qanat, name)).hasContent("id,name,note\n2,\"b, \"\"c\"\"\",\n3,,ä\n1,z,\n");
    }

    @Test
    void several_resources_are_told_apart_by_a_column_of_its_own() throws IOException {
        Qanat qanat = Qanat.shared();
        String name = Qanat.newName("combined");
        qanat.pipeline(pipeline(name, """
                  - { name: sales, table: %1$s_s, files: { glob: "s*" }, schema: { id: integer, at: timestamptz, ok: boolean } }
                  - { name: visits, table: %1$s_v, files: { glob: "v*" }, schema: { at: text, id: uuid } }
                  - { name: never, table: %1$s_n, files: { glob: "n*" }, schema: { other: text } }
                """));
        qanat.load(name, "s.csv", "id,at,ok\n1,2026-11-20T12:00:00+01:00,true\n");
        qanat.load(name, "v.csv", "at,id\nnoon,a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\n");
        assertThat(export(qanat, name)).hasContent("""
                _resource,id,at,ok
                sales,1,2026-11-20 11:00:00+00,t
                visits,a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11,noon,
                """);
    }

    @Test
    void it_is_made_anew_when_the_process_dies_between_the_landing_and_its_end() throws Exception {
        try (Qanat qanat = Qanat.fresh("combined").start()) {
            String name = "combined";
            qanat.pipeline(pipeline(name, ONE));
            qanat.load(name, "a.csv", "id,name\n1,a\n");
            Path left = Files.writeString(export(qanat, name).resolveSibling(".all.csv.77.part"), "half of");
            // The run can land and cannot end.
            qanat.execute("CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS "
                    + "$$ BEGIN RAISE EXCEPTION 'not now'; END $$");
            qanat.execute("CREATE TRIGGER refuse BEFORE UPDATE ON qanat.run FOR EACH ROW WHEN (NEW.status = 'succeeded') "
                    + "EXECUTE FUNCTION public.refuse()");
            qanat.drop(name, "b.csv", "id,name\n2,b\n");
            qanat.await("the export is written", () -> exported(qanat, name).contains("2,b"));
            qanat.kill();
            Files.writeString(export(qanat, name), "an older one");
            qanat.start();
            qanat.execute("DROP TRIGGER refuse ON qanat.run");
            qanat.awaitRuns(name, 2);
            assertThat(export(qanat, name)).hasContent("id,name\n1,a\n2,b\n");
            assertThat(left).doesNotExist();
            try (Stream<Path> files = Files.list(export(qanat, name).getParent())) {
                assertThat(files.map(file -> file.getFileName().toString())).containsExactly("all.csv");
            }
        }
    }

    private static String exported(Qanat qanat, String name) {
        try {
            return Files.readString(export(qanat, name));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void a_run_whose_rows_landed_and_whose_file_could_not_be_written_is_partial() throws IOException, SQLException {
        Qanat qanat = Qanat.shared();
        String name = Qanat.newName("combined");
        qanat.pipeline(pipeline(name, ONE));
        Files.createDirectories(export(qanat, name).resolve("in the way"));
        JsonPath run = qanat.load(name, "a.csv", "id,name\n1,a\n");
        assertThat(run.getString("status")).isEqualTo("partial");
        assertThat(run.getString("error.code")).isEqualTo("export_failed");
        assertThat(run.getString("error.message"))
                .contains("the rows landed, but exports/" + name + "/all.csv could not be written")
                .doesNotContain(qanat.home().toString());
        assertThat(qanat.value("SELECT count(*) FROM silver." + name)).isEqualTo("1");
        try (Stream<Path> archived = Files.list(qanat.archive(name))) {
            assertThat(archived).hasSize(1);
        }
    }

    @Test
    void nothing_is_written_through_a_link_that_leads_out_of_the_home() throws IOException {
        Qanat qanat = Qanat.shared();
        String name = Qanat.newName("combined");
        qanat.pipeline(pipeline(name, ONE));
        Path outside = Files.createTempDirectory("qanat-outside");
        Files.createDirectories(qanat.home().resolve("exports"));
        Files.createSymbolicLink(qanat.home().resolve("exports").resolve(name), outside);
        JsonPath run = qanat.load(name, "a.csv", "id,name\n1,a\n");
        assertThat(run.getString("status") + " " + run.getString("error.code")).isEqualTo("partial outside_home");
        try (Stream<Path> files = Files.list(outside)) {
            assertThat(files).isEmpty();
        }
        Files.delete(outside);
    }

    @Test
    void two_pipelines_do_not_write_one_file() throws IOException {
        Qanat qanat = Qanat.shared();
        String name = Qanat.newName("combined");
        qanat.pipeline(pipeline(name, ONE));
        Response answer = qanat.upload(pipeline(name, ONE).replace("pipeline: " + name, "pipeline: other" + name)
                .replace("table: " + name, "table: other_" + name));
        assertThat(answer.statusCode()).isEqualTo(422);
        assertThat(answer.jsonPath().getList("errors.message", String.class))
                .isEqualTo(List.of("the file exports/" + name + "/all.csv belongs to pipeline '" + name
                        + "'; give it another name"));
    }
}
