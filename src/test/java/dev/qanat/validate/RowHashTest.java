package dev.qanat.validate;

import static dev.qanat.validate.Resources.column;
import static dev.qanat.validate.Resources.csv;
import static dev.qanat.validate.Resources.resource;
import static dev.qanat.validate.Resources.row;
import static org.assertj.core.api.Assertions.assertThat;

import dev.qanat.pipeline.Column;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.List;
import org.junit.jupiter.api.Test;

class RowHashTest {

    @Test
    void it_is_sha256_over_names_and_values_each_ended_by_a_nul() throws Exception {
        byte[] expected = MessageDigest.getInstance("SHA-256")
                .digest("amount=1.5\0at=2024-01-01T00:00:00Z\0sku=Ä-1\0".getBytes(StandardCharsets.UTF_8));
        assertThat(hash(
                        List.of("sku", "amount", "none", "at"),
                        row("Ä-1", "1.50", "", "2024-01-01"),
                        column("amount", "numeric(12,4)"),
                        column("at", "timestamptz")))
                .isEqualTo(expected);
    }

    @Test
    void it_depends_neither_on_the_order_of_fields_nor_on_null_columns() {
        byte[] hash = hash(List.of("a", "b"), row("1", "2"));
        assertThat(hash(List.of("b", "a"), row("2", "1"))).isEqualTo(hash);
        assertThat(hash(List.of("b", "c", "a"), row("2", "", "1"))).isEqualTo(hash);
        assertThat(hash(List.of("a", "b"), row("2", "1"))).isNotEqualTo(hash);
    }

    @Test
    void values_cannot_run_into_one_another() {
        assertThat(hash(List.of("a", "b"), row("1b=2", ""))).isNotEqualTo(hash(List.of("a", "b"), row("1", "2")));
        assertThat(hash(List.of("a"), row(" "))).isNotEqualTo(hash(List.of("a"), row("")));
    }

    @Test
    void a_wider_type_makes_no_old_row_new() {
        for (String number : List.of("5", "100", "0", "-7")) {
            byte[] hash = hash(List.of("a"), row(number), column("a", "integer"));
            for (String wider : List.of("bigint", "numeric", "numeric(12,2)", "numeric(20,0)", "double")) {
                assertThat(hash(List.of("a"), row(number), column("a", wider))).as(wider).isEqualTo(hash);
            }
        }
        assertThat(hash(List.of("a"), row("1.50"), column("a", "numeric(12,4)")))
                .isEqualTo(hash(List.of("a"), row("1.5"), column("a", "numeric")))
                .isEqualTo(hash(List.of("a"), row("15e-1"), column("a", "double")));
        assertThat(hash(List.of("a"), row("1e30"), column("a", "double")))
                .isEqualTo(hash(List.of("a"), row("1e30"), column("a", "numeric")));
    }

    @Test
    void long_values_are_hashed_whole() {
        String ascii = "x".repeat(5000);
        String other = "ü".repeat(3000);
        byte[] hash = hash(List.of("a", "b", "c"), row(ascii, other, "z"));
        assertThat(hash(List.of("c", "b", "a"), row("z", other, ascii))).isEqualTo(hash);
        assertThat(hash(List.of("a", "b", "c"), row(ascii + "x", other, "z"))).isNotEqualTo(hash);
        assertThat(hash(List.of("a", "b", "c"), row(ascii, other + "ü", "z"))).isNotEqualTo(hash);
    }

    private static byte[] hash(List<String> fields, String[] values, Column... columns) {
        return Contract.of(resource(columns)).check(csv(fields, values)).rows().get(0).hash();
    }
}
