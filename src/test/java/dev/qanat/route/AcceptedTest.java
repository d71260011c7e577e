package dev.qanat.route;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AcceptedTest {

    @ParameterizedTest
    @CsvSource(delimiter = '|', nullValues = "-", value = {
        "-                                            | application/json",
        "*/*                                          | application/json",
        "application/*                                | application/json",
        "application/json                             | application/json",
        "application/yaml                             | application/yaml",
        "TEXT/YAML                                    | text/yaml",
        "text/*                                       | text/yaml",
        "text/yaml; charset=utf-8                     | text/yaml",
        "application/json;q=0.5, application/yaml     | application/yaml",
        "application/json, application/yaml           | application/json",
        "application/yaml, application/json           | application/yaml",
        "text/html, image/*;q=0.9, */*;q=0.8          | application/json",
        "application/yaml;q=0, application/json;q=0.1 | application/json",
        "image/png                                    | application/json",
        ",;=,,/;q=x                                   | application/json",
    })
    void the_type_that_the_client_likes_best(String accept, String expected) {
        assertThat(Accepted.of(accept, List.of("application/json", "application/yaml", "text/yaml"))).isEqualTo(expected);
    }
}
