package dev.qanat.route;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MaskedTextTest {

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "a message of no URI: 5 > 3 | a message of no URI: 5 > 3",
        "Failed: From[ftp://host/in?password=s3cret] because of x | Failed: From[ftp://host/in?password=xxxxxx] because of x",
        "Failed: From[ftp://host?a=b&password=s3cret&c=d] at 5 | Failed: From[ftp://host?a=b&password=xxxxxx&c=d] at 5",
        "To[http:host?authPassword=RAW(s3 cret&x)] failed | To[http:host?authPassword=xxxxxx] failed",
        "'jdbc:postgresql://h/db?a=b&password=s3cret' is away | 'jdbc:postgresql://h/db?a=b&password=xxxxxx' is away",
        "https://ann:s3cret@host/x: refused | https://ann:xxxxxx@host/x: refused",
        "line 3: sftp://ann:s3cret@host and kafka:t?saslPassword=s3cret. | line 3: sftp://ann:xxxxxx@host and kafka:t?saslPassword=xxxxxx",
        "line 3: parameters: { password: s3cret, a: b } | line 3: parameters: { password: xxxxxx, a: b }",
        "'\"authPassword\": \"s3 cret\", \"a\": 1' | '\"authPassword\": xxxxxx, \"a\": 1'",
        "Unknown node id: setBdy, unexpected token: x | Unknown node id: setBdy, unexpected token: x"
    })
    void passwords_are_masked_and_the_rest_stays(String text, String masked) {
        assertThat(MaskedText.of(text)).isEqualTo(masked);
    }

    @Test
    void values_that_postgresql_quotes_are_left_out() {
        assertThat(MaskedText.of("ERROR: a key repeats\n  Detail: Key (email)=(ann@example.com) already exists.\n  Where: line 1"))
                .isEqualTo("ERROR: a key repeats\n  Where: line 1");
    }
}
