package dev.qanat.web;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AcceptedTest {

    @ParameterizedTest
    @ValueSource(
            strings = {"text/csv", "TEXT/CSV; charset=utf-8", "text/csv, application/json", "application/json;q=0.5, text/csv", "text/csv, */*"})
    void csv_is_given_to_who_names_it_first(String accept) {
        assertThat(Accepted.csv(accept)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "*/*", "application/json", "application/json, text/csv", "text/csv;q=0", "text/csv;q=0.5, application/json",
                "text/*", ",;,", "text/csv;q=x;q=0"})
    void otherwise_it_is_json(String accept) {
        assertThat(Accepted.csv(accept)).isFalse();
    }

    @Test
    void without_a_wish_it_is_json() {
        assertThat(Accepted.csv(null)).isFalse();
    }
}
