package dev.qanat.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class RedactionTest {

    private final Redaction redaction = Redaction.of(List.of("a/b+c\"d e", "12345678", "12345678-long"));

    @Test
    void a_secret_is_found_as_it_is_and_as_urls_and_json_write_it() {
        assertThat(redaction.text("a/b+c\"d e, a%2Fb%2Bc%22d%20e, a%2fb%2bc%22d%20e, a%2Fb%2Bc%22d+e")).isEqualTo("***, ***, ***, ***");
        assertThat(redaction.text("a/b+c\\\"d e, a\\/b+c\\\"d e")).isEqualTo("***, ***");
    }

    @Test
    void a_secret_is_found_whichever_of_its_characters_json_escapes() {
        assertThat(redaction.text("a\\u002fb\\u002Bc\\u0022d e, a/b\\u002Bc\\\"d e, \\u0061\\/b+c\\u0022d\\u0020e, \\u002b"))
                .isEqualTo("***, ***, ***, \\u002b");
        assertThat(redaction.json("{\"a\": \"1234567\\u0038\", \"b\": \"\\u00e4\"}"))
                .isEqualTo("{\"a\":\"***\",\"b\":\"ä\"}");
    }

    @Test
    void a_secret_is_found_however_much_of_it_urls_and_html_escape() {
        assertThat(redaction.text("a/b%2Bc%22d+e, a%2fb+c%22d%20e, a/b&#43;c&quot;d e, a&#x2F;b+c&#34;d e, A%2Fb"))
                .isEqualTo("***, ***, ***, ***, A%2Fb");
        assertThat(Redaction.of(List.of("Käse&1")).text("K%C3%A4se%261, K%c3%a4se&amp;1, K\\u00e4se\\u00261")).isEqualTo("***, ***, ***");
    }

    @Test
    void a_secret_that_begins_with_another_goes_whole() {
        assertThat(redaction.text("12345678-long")).isEqualTo("***");
    }

    @Test
    void json_stays_json_where_a_number_has_a_secret_in_it() {
        assertThat(redaction.json("{\"12345678\":[912345678.10,1.50,true,null,\"x 12345678\"]}"))
                .isEqualTo("{\"***\":[\"9***.10\",1.50,true,null,\"x ***\"]}");
    }

    @Test
    void what_is_no_json_is_redacted_as_text() {
        assertThat(redaction.json("{\"a\":12345678")).isEqualTo("{\"a\":***");
    }

    @Test
    void json_without_a_secret_is_left_as_it_is() {
        String json = "{ \"a\" : 1.50 }";
        assertThat(redaction.json(json)).isSameAs(json);
    }

    @Test
    void a_secret_of_three_characters_is_not_searched_for() {
        assertThat(Redaction.of(List.of("abc", "")).text("abc abcd")).isEqualTo("abc abcd");
    }
}
