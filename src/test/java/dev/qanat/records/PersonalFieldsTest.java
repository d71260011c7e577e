package dev.qanat.records;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.qanat.failure.InputFailure;
import dev.qanat.pipeline.PipelineReader;
import dev.qanat.pipeline.Resource;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Personal values are treated before anything sees them. */
class PersonalFieldsTest {

    private static final byte[] KEY = "a key of thirty-two bytes, no less".getBytes(StandardCharsets.UTF_8);

    /** {@code printf mary | openssl dgst -sha256 -hmac 'a key of thirty-two bytes, no less'} */
    private static final String MARY = "e9c7e85fbfa24b36fea77115039c9097bdc25a634f923d63d15f0c970a305f32";

    private static List<Chunk> read(String resource, String text) throws IOException {
        return read(declared(resource, KEY), text);
    }

    private static List<Chunk> read(Declared declared, String text) throws IOException {
        List<Chunk> chunks = new ArrayList<>();
        Readers.open(
                        new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)),
                        resource("{}").files(),
                        declared)
                .forEachRemaining(chunks::add);
        return chunks;
    }

    private static Declared declared(String columns, byte[] key) {
        return Declared.of(resource(columns), () -> key);
    }

    private static Resource resource(String columns) {
        String yaml = "pipeline: p\nsources: { drops: { type: files } }\nresources: [ { name: r, columns: " + columns + " } ]\n";
        return new PipelineReader(name -> Optional.empty()).read(yaml, "p.yaml").resources().get(0);
    }

    private static List<String> kept(List<Chunk> chunks) {
        return chunks.stream().flatMap(chunk -> chunk.records().stream().map(chunk::json)).toList();
    }

    private static List<List<String>> values(List<Chunk> chunks) {
        return chunks.stream().flatMap(chunk -> chunk.records().stream().map(record -> Arrays.asList(record.values()))).toList();
    }

    @Test
    void a_value_has_the_same_hash_wherever_it_comes_from() throws IOException {
        String columns = "{ id: integer, name: { pii: hash } }";
        for (String text : List.of("id,name\n1,mary\n", "[{\"id\":\"1\",\"name\":\"mary\"}]", "name\tID\nmary\t1\n")) {
            List<Chunk> chunks = read(columns, text);
            assertThat(kept(chunks)).singleElement().asString().contains("\"" + MARY + "\"").doesNotContain("mary");
            assertThat(values(chunks).get(0)).contains(MARY, "1");
        }
    }

    @Test
    void a_mask_keeps_the_first_character_and_the_domain_of_an_address_of_mail() throws IOException {
        List<Chunk> chunks = read(
                "{ v: { pii: mask, null_if: [\"\", \"-\"] } }",
                "v\njohn@gmail.com\n a.b+c@x.co.uk \n1-570-236-7033\njohn@localhost\n@x.com\nä@x.com\na@b@x.com\n-\n\"\"\n");
        assertThat(values(chunks).stream().map(values -> values.get(0)))
                .containsExactly("j***@gmail.com", "a***@x.co.uk", "***", "***", "***", "ä***@x.com", "***", "-", "");
    }

    @Test
    void nested_values_are_treated_at_their_place_whatever_they_are() throws IOException {
        List<Chunk> chunks = read(
                "{ email: { pii: mask }, lat: { from: address__geo__lat, pii: drop }, name: { pii: hash }, phone: { pii: mask } }",
                "[{\"email\":\"s3cret@x.com\",\"address\":{\"geo\":{\"lat\":\"s3cret\",\"long\":1.50},\"city\":\"c\"},"
                        + "\"name\":{\"first\":\"s3cret\",\"all\":[\"s3cret\"]},\"phone\":15702367033},"
                        + "{\"email\":null,\"address\":{\"geo\":{\"lat\":{\"s3cret\":1}}},\"phone\":[\"s3cret\"],\"phone\":\"s3cret\"}]");
        assertThat(kept(chunks).get(0))
                .matches("\\{\"email\":\"s\\*\\*\\*@x.com\",\"address\":\\{\"geo\":\\{\"lat\":null,\"long\":1.50},\"city\":\"c\"},"
                        + "\"name\":\"[0-9a-f]{64}\",\"phone\":\"\\*\\*\\*\"}");
        assertThat(kept(chunks).get(1))
                .isEqualTo("{\"email\":null,\"address\":{\"geo\":{\"lat\":null}},\"phone\":\"***\",\"phone\":\"***\"}");
        assertThat(chunks.get(0).fields())
                .containsExactly("email", "address__geo__lat", "address__geo__long", "address__city", "name", "phone");
        assertThat(values(chunks).toString()).doesNotContain("s3cret");
    }

    @Test
    void a_field_is_known_by_its_letters_in_text_formats_and_in_json() throws IOException {
        String columns = "{ mail: { from: email_address, pii: mask }, id: integer }";
        for (String name : List.of("email_address", "Email Address", "emailAddress", " EMAIL-ADDRESS ", "mail", "Mail")) {
            assertThat(kept(read(columns, "id," + name + "\n1,s3cret\n")).toString()).as(name).doesNotContain("s3cret").contains("***");
            assertThat(kept(read(columns, "[{\"" + name + "\":\"s3cret\"}]")).toString()).as(name).doesNotContain("s3cret").contains("***");
        }
        assertThat(kept(read(columns, "id,mail,mail\n1,s3cret,s3cret\n")).toString()).doesNotContain("s3cret");
        assertThat(kept(read(columns, "[{\"male\":\"open\"}]")).toString()).contains("open");
    }

    @Test
    void nothing_is_kept_of_a_record_that_cannot_be_read() throws IOException {
        String columns = "{ id: integer, name: { pii: mask } }";
        List<Chunk> chunks = Stream.of(
                        read(columns, "id,name\n1,s3cret,s3cret\n2,a\n3,\"s3cret\" s3cret\n4,b\n"),
                        read(columns, "{\"id\":1,\"name\":s3cret}\n{\"id\":2}\n[\"s3cret\"]\n{\"id\":3,\"x\":\"s3cret\\u0000\"}\n"))
                .flatMap(List::stream)
                .toList();
        List<RawRecord> faulty = chunks.stream()
                .flatMap(chunk -> chunk.records().stream())
                .filter(record -> record.fault() != null)
                .toList();
        assertThat(faulty).hasSize(5).allSatisfy(record -> {
            assertThat(record.fault().reason()).doesNotContain("s3cret");
            assertThat(record.values()).isEmpty();
        });
        assertThat(kept(chunks))
                .hasSize(8)
                .noneMatch(json -> json.contains("s3cret"))
                .filteredOn(PersonalRecords.NOT_KEPT::equals)
                .hasSize(5);
    }

    @Test
    void a_message_does_not_quote_what_cannot_be_read() {
        InputFailure failure = catchThrowableOfType(
                InputFailure.class, () -> read("{ name: { pii: mask } }", "[{\"name\":\"a\"},\n{\"name\": s3cret}]"));
        assertThat(failure).hasMessageStartingWith("line 2, column ").hasMessageNotContaining("s3cret");
        assertThat(failure.getCause()).hasMessageNotContaining("s3cret").hasNoCause();
    }

    @Test
    void kept_records_are_not_treated_again() throws IOException {
        List<Chunk> chunks = read(declared("{ name: { pii: hash } }", null), "[{\"name\":\"" + MARY + "\"}]");
        assertThat(values(chunks).get(0)).containsExactly(MARY);
    }
}
