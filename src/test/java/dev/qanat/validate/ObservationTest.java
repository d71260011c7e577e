package dev.qanat.validate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.qanat.pipeline.ColumnType;
import dev.qanat.pipeline.PipelineReader;
import dev.qanat.pipeline.Resource;
import dev.qanat.records.Declared;
import dev.qanat.records.Readers;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What the check sees of the fields, and what it makes of them. */
class ObservationTest {

    private static final ColumnType TEXT = ColumnType.parse("text").orElseThrow();

    @Test
    void kinds_are_told_apart_by_their_first_character() throws IOException {
        assertThat(observed("{}", """
                        {"a": "1", "b": 12, "c": -1.5, "d": 1e3, "e": true, "f": null, "g": [1], "h": {"i": "x", "j": {"k": false}}}
                        {"a": "", "b": -2, "c": 7, "d": 0, "e": false, "g": []}"""))
                .containsExactly("a string", "b integer", "c decimal", "d decimal", "e boolean", "f ", "g array", "h__i string",
                        "h__j__k boolean");
        assertThat(observed("columns: { h: json }", "{\"h\": {\"i\": 1}}")).containsExactly("h object");
        assertThat(observed("{}", "a,b\n1,\n2,\n")).containsExactly("a string", "b string");
        assertThat(observed("columns: { a: text }", "a,b\n")).isEmpty();
    }

    @Test
    void an_undeclared_field_is_what_the_contract_makes_of_it() throws IOException {
        String json = "{\"Id\": 1, \"ID\": 2, \"promoCode\": \"x\"}";
        assertThat(actions("columns: { id: { from: Id, type: integer } }", json, Map.of("promo_code", TEXT)))
                .containsExactly("ID id_2 column_added", "Id id stored", "promoCode promo_code stored");
        assertThat(actions("schema: { id: text }\nschema_contract: { columns: discard_value }", "{\"id\": 1, \"x\": 2}", Map.of()))
                .containsExactly("id id stored", "x null discarded");
        assertThat(actions("schema: { id: text }\nschema_contract: { columns: discard_row }", "{\"id\": 1, \"x\": 2}", Map.of()))
                .containsExactly("id id stored", "x null records_rejected");
        assertThat(actions("columns: { id: text, secret: { pii: drop } }", "{\"id\": 1, \"secret\": 2}", Map.of()))
                .containsExactly("id id stored", "secret null discarded");
    }

    @Test
    void a_value_that_does_not_fit_is_what_the_contract_makes_of_it() throws IOException {
        String json = "{\"id\": 1, \"n\": 1}\n{\"id\": 2, \"n\": 1.5}";
        assertThat(actions("schema: { id: integer, n: integer }", json, Map.of())).containsExactly("id id stored", "n n records_rejected");
        assertThat(actions("schema: { id: integer, n: integer }\nschema_contract: { data_type: discard_value }", json, Map.of()))
                .containsExactly("id id stored", "n n discarded");
        assertThat(actions("schema: { id: integer, n: \"numeric(9,2)\" }", json, Map.of())).containsExactly("id id stored", "n n stored");
    }

    @Test
    void items_show_their_fields_also_in_rejected_records() throws IOException {
        String resource = "schema: { id: integer }\nchildren: { lines: { columns: { sku: text } }, tags: {} }";
        String json = """
                {"id": "x", "lines": [{"sku": 1, "n": 2}, {"sku": "a", "price": {"net": 1.5}}], "tags": ["t"]}
                {"id": 1, "lines": []}""";
        assertThat(observed(resource, json))
                .containsExactly("id string|integer", "lines array", "lines[].n integer", "lines[].price__net decimal", "lines[].sku string|integer",
                        "tags array", "tags[].value string");
        assertThat(actions(resource, json, Map.of()))
                .contains("id id records_rejected", "lines null stored", "lines[].sku sku stored", "lines[].n n column_added");
    }

    @Test
    void paths_are_short_and_hold_nothing_that_a_terminal_or_a_table_would_act_on() throws IOException {
        assertThat(observed("{}", "{\"" + "k".repeat(5_000) + "\": 1}")).containsExactly("k".repeat(200) + "… integer");
        assertThat(observed("{}", "{\"a\\u001b\\tb\": 1}")).containsExactly("a\\u001B\\tb integer");
    }

    @Test
    void what_chunks_show_adds_up() {
        Observation one = Observation.of(Map.of("a", field("integer", "a", SeenField.Action.STORED)));
        Observation other = Observation.of(Map.of(
                "a", field("decimal", "a", SeenField.Action.RECORDS_REJECTED), "b", field("string", "b", SeenField.Action.STORED)));

        assertThat(one.and(other)).isEqualTo(other);
        assertThat(other.and(one)).isSameAs(other);
        assertThat(Observation.NOTHING.and(one)).isEqualTo(one);
    }

    private static SeenField field(String kinds, String column, SeenField.Action action) {
        return new SeenField(Kinds.parse(kinds), column, action);
    }

    private static List<String> observed(String resource, String content) throws IOException {
        return check(resource, content, Map.of()).fields().entrySet().stream()
                .map(field -> field.getKey() + " " + field.getValue().kinds().text())
                .toList();
    }

    private static List<String> actions(String resource, String content, Map<String, ColumnType> stored) throws IOException {
        return check(resource, content, stored).fields().entrySet().stream()
                .map(field -> field.getKey() + " " + field.getValue().column() + " " + field.getValue().action().id())
                .toList();
    }

    private static Observation check(String resource, String content, Map<String, ColumnType> stored) throws IOException {
        String yaml = "pipeline: p\nsources: { drops: { type: files } }\nresources:\n  - name: orders\n"
                + (resource.equals("{}") ? "" : resource.indent(4));
        Resource read = new PipelineReader(name -> Optional.empty()).read(yaml, "p.yaml").resources().get(0);
        ByteArrayInputStream bytes = new ByteArrayInputStream(content.getBytes(StandardCharsets.UTF_8));
        return Contract.of(read, stored, child -> Map.of())
                .check(Readers.open(bytes, read.files(), Declared.of(read, () -> new byte[32])).next())
                .observed();
    }
}
