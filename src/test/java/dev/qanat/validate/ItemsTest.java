package dev.qanat.validate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.qanat.failure.Code;
import dev.qanat.pipeline.PipelineReader;
import dev.qanat.pipeline.Resource;
import dev.qanat.records.Declared;
import dev.qanat.records.Readers;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Arrays that have tables of their own are checked with their record. */
class ItemsTest {

    private static final String LINES =
            "children: { lines: { columns: { product: { from: productId, type: integer, required: true }, n: \"numeric(5,2)\" } } }";

    private static CheckedChunk check(String resource, String json) throws IOException {
        String yaml = "pipeline: p\nsources: { drops: { type: files } }\nresources:\n  - name: orders\n" + resource.indent(4);
        Resource read = new PipelineReader(name -> Optional.empty()).read(yaml, "p.yaml").resources().get(0);
        ByteArrayInputStream bytes = new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8));
        return Contract.of(read).check(Readers.open(bytes, read.files(), Declared.ofKept(read)).next());
    }

    private static List<String> hashes(List<Row> rows) {
        return rows.stream().map(row -> HexFormat.of().formatHex(row.hash())).toList();
    }

    @Test
    void items_become_rows_beside_that_of_their_record() throws IOException {
        CheckedChunk checked = check(
                "schema: { id: integer }\n" + LINES,
                "[{\"id\":1,\"lines\":[{\"productId\":\"07\",\"n\":1},{\"n\":1.50,\"productId\":8}]},{\"id\":2},{\"id\":3,\"lines\":[]}]");
        assertThat(Resources.names(checked)).containsExactly("id");
        CheckedItems items = checked.items().get(0);
        assertThat(items.columns()).extracting(TargetColumn::name).containsExactly("product", "n");
        assertThat(items.rows()).extracting(List::size).containsExactly(2, 0, 0);
        assertThat(items.rows().get(0)).extracting(row -> Arrays.asList(row.values())).containsExactly(List.of("7", "1.00"), List.of("8", "1.50"));
        assertThat(items.rejected()).isZero();
    }

    @Test
    void a_faulty_item_rejects_its_record_and_all_items_of_it() throws IOException {
        CheckedChunk checked = check(
                "schema: { id: integer }\n" + LINES,
                "[{\"id\":1,\"lines\":[{\"productId\":7},{\"productId\":8,\"n\":\"x\"},{\"productId\":9}]},"
                        + "{\"id\":\"x\",\"lines\":[{\"n\":1}]},{\"id\":3,\"lines\":[{\"n\":1}]},{\"id\":4,\"lines\":7},{\"id\":5,\"lines\":[{\"productId\":1}]}]");
        assertThat(checked.rejections())
                .extracting(Rejection::column, Rejection::code, Rejection::reason)
                .containsExactly(
                        tuple("lines[1].n", Code.TYPE_MISMATCH, "'x' is not a number"),
                        tuple("id", Code.TYPE_MISMATCH, "'x' is not an integer"),
                        tuple("lines[0].productId", Code.REQUIRED, "no value, but the column is required"),
                        tuple("lines", Code.TYPE_MISMATCH, "'7' is not an array"));
        assertThat(checked.items().get(0).rejected()).isEqualTo(5);
        assertThat(checked.items().get(0).rows()).extracting(List::size).containsExactly(1);
    }

    @Test
    void the_names_of_an_items_key_are_not_those_of_its_fields() throws IOException {
        CheckedChunk checked = check("children: { a: {} }", "[{\"a\":[{\"_index\":\"x\",\"_parent_id\":\"y\",\"value\":\"z\"},\"v\"],\"_index\":1}]");
        assertThat(checked.items().get(0).columns()).extracting(TargetColumn::name).containsExactly("_index_2", "_parent_id_2", "value");
        assertThat(Resources.names(checked)).containsExactly("_index");
    }

    @Test
    void items_are_a_part_of_a_records_hash_where_no_key_tells_it_apart() throws IOException {
        String records = "[{\"id\":1,\"lines\":[{\"productId\":1,\"n\":1}]},{\"id\":1,\"lines\":[{\"n\":1.00,\"productId\":\"1\"}]},"
                + "{\"id\":1,\"lines\":[{\"productId\":2}]},{\"id\":1,\"lines\":[]},{\"id\":1}]";
        List<String> keyless = hashes(check("schema: { id: integer }\n" + LINES, records).rows());
        assertThat(keyless.get(1)).isEqualTo(keyless.get(0)).isNotEqualTo(keyless.get(2));
        assertThat(keyless.get(3)).isEqualTo(keyless.get(4)).isNotEqualTo(keyless.get(0));
        assertThat(keyless.get(4)).isEqualTo(hashes(check("schema: { id: integer }", "[{\"id\":1}]").rows()).get(0));

        assertThat(hashes(check("schema: { id: integer }\nprimary_key: id\n" + LINES, records).rows())).containsOnly(keyless.get(4));
    }

    @Test
    void an_array_that_was_not_met_has_no_items_to_land() throws IOException {
        assertThat(check("schema: { id: integer }\n" + LINES, "[{\"id\":1}]").items()).isEmpty();
        assertThat(check("schema: { id: integer }\n" + LINES, "[{\"id\":1,\"lines\":null}]").items()).hasSize(1);
    }

    @Test
    void a_key_that_is_too_long_as_json_rejects_its_record() throws IOException {
        String quotes = "\\\"".repeat(1_500);
        String records = "[{\"a\":\"" + quotes + "\",\"b\":\"b\",\"lines\":[]}]";
        String keyed = "schema: { a: text, b: text }\nprimary_key: [a, b]\n";
        assertThat(check(keyed, records.replace(",\"lines\":[]", "")).rejections()).isEmpty();
        assertThat(check(keyed + LINES, records).rejections()).singleElement().satisfies(rejection -> {
            assertThat(rejection.column()).isEqualTo("a");
            assertThat(rejection.code()).isEqualTo(Code.OUT_OF_RANGE);
        });
    }
}
