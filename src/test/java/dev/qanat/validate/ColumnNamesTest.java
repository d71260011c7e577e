package dev.qanat.validate;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ColumnNamesTest {

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            userId | user_id
            UserID | user_id
            User ID | user_id
            user-id | user_id
            USER_ID | user_id
            HTTPServer | http_server
            user2Name | user2_name
            5. volume | _5_volume
            address__zipCode | address__zip_code
            address___zip | address__zip
            Price (USD) | price_usd
            %change | change
            _id | _id
            __v | __v
            name_ | name
            Größe | größe
            Ärger Über | ärger_über
            e\u0301t\u00e9 | été
            東京都 | 東京都
            हिन्दी | हिन्दी
            €% | column
            a"; drop table x | a_drop_table_x
            """)
    void a_field_becomes_snake_case(String field, String name) {
        assertThat(ColumnNames.snakeCase(field)).isEqualTo(name);
    }

    @Test
    void a_name_that_is_taken_gets_a_number() {
        ColumnNames names = new ColumnNames(List.of("sku"));
        assertThat(List.of("userId", "user_id", "User ID", "SKU", "user_id_2").stream().map(names::next))
                .containsExactly("user_id", "user_id_2", "user_id_3", "sku_2", "user_id_2_2");
    }

    @Test
    void columns_of_the_system_are_taken() {
        ColumnNames names = new ColumnNames(List.of());
        assertThat(List.of("_run_id", "_row_hash", "_rowHash", "xmin", "ctid", "run_id").stream().map(names::next))
                .containsExactly("_run_id_2", "_row_hash_2", "_row_hash_3", "xmin_2", "ctid_2", "run_id");
    }

    @Test
    void a_long_name_is_cut_alike_whatever_else_there_is() {
        String field = "ü".repeat(60);
        String name = new ColumnNames(List.of()).next(field);
        ColumnNames others = new ColumnNames(List.of());
        assertThat(others.next(field + "x")).isNotEqualTo(name);
        assertThat(others.next(field)).isEqualTo(name).matches("ü+_[0-9a-f]{8}");
        assertThat(others.next(field)).endsWith("_2");
        assertThat(name.getBytes(StandardCharsets.UTF_8).length).isLessThanOrEqualTo(63);
        assertThat(new ColumnNames(List.of()).next("a".repeat(63))).isEqualTo("a".repeat(63));
    }
}
