package dev.qanat.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.qanat.failure.Code;
import dev.qanat.failure.Failure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SecretsTest {

    private static final Map<String, String> ENVIRONMENT =
            Map.of("SHOP_KEY", "from the environment", "SHOP_EMPTY", "", "OTHER", "hunter2", "ALPHA_VANTAGE_API_KEY", "demo");

    @TempDir
    private Path folder;

    private Secrets secrets() {
        return new Secrets(List.of("SHOP_*", "TOKEN"), Optional.of(folder), ENVIRONMENT);
    }

    private Optional<String> found(String name, String content) throws IOException {
        Files.writeString(folder.resolve(name), content);
        return secrets().find(name);
    }

    @Test
    void only_names_that_the_operator_allows_are_read() throws IOException {
        assertThat(secrets().find("SHOP_KEY")).contains("from the environment");
        assertThat(secrets().find("OTHER")).isEmpty();
        assertThat(found("TOKENS", "x")).isEmpty();
        assertThat(found("TOKEN", "x")).contains("x");
    }

    @Test
    void what_comes_along_needs_no_listing() {
        assertThat(new Secrets(List.of(), Optional.empty(), ENVIRONMENT).find("ALPHA_VANTAGE_API_KEY")).contains("demo");
    }

    @Test
    void a_secret_that_comes_along_is_read_as_a_secret_alone() {
        AllowedEnvironment environment =
                new AllowedEnvironment(List.of(), Map.of("ALPHA_VANTAGE_API_KEY", "demo", "DEFAULT_TICKERS", "IBM", "OTHER", "x"));
        assertThat(environment.apply("ALPHA_VANTAGE_API_KEY")).isEmpty();
        assertThat(environment.apply("DEFAULT_TICKERS")).contains("IBM");
        assertThat(environment.apply("OTHER")).isEmpty();
    }

    @Test
    void a_file_stands_above_the_environment_and_is_read_anew() throws IOException {
        Secrets secrets = secrets();
        Files.writeString(folder.resolve("SHOP_KEY"), "first\n");
        assertThat(secrets.find("SHOP_KEY")).contains("first");
        Files.writeString(folder.resolve("SHOP_KEY"), "second\r\n");
        assertThat(secrets.find("SHOP_KEY")).contains("second");
        Files.delete(folder.resolve("SHOP_KEY"));
        assertThat(secrets.find("SHOP_KEY")).contains("from the environment");
    }

    @Test
    void one_line_break_at_the_end_is_cut_and_nothing_else() throws IOException {
        assertThat(found("TOKEN", " a b \n")).contains(" a b ");
    }

    @Test
    void an_empty_one_is_not_there() throws IOException {
        assertThat(secrets().find("SHOP_EMPTY")).isEmpty();
        assertThat(found("TOKEN", "\n")).isEmpty();
    }

    @Test
    void no_name_leads_out_of_the_folder() throws IOException {
        Files.writeString(folder.resolve("secret"), "x");
        Secrets secrets = new Secrets(List.of("*"), Optional.of(Files.createDirectory(folder.resolve("below"))), Map.of());
        assertThat(secrets.find("../secret")).isEmpty();
        assertThat(secrets.find("")).isEmpty();
    }

    @Test
    void what_cannot_be_a_secret_is_told_without_its_value() throws IOException {
        Files.createDirectory(folder.resolve("SHOP_FOLDER"));
        Files.write(folder.resolve("SHOP_BYTES"), new byte[] {'h', 'u', 'n', (byte) 0xff});
        Files.writeString(folder.resolve("SHOP_LARGE"), "hunter2".repeat(10_000));
        Files.writeString(folder.resolve("SHOP_LINES"), "hunter2\r\nX-Other: 1\n");
        Map.of(
                        "SHOP_FOLDER", "is no regular file",
                        "SHOP_BYTES", "is not UTF-8",
                        "SHOP_LARGE", "more than 64 KiB",
                        "SHOP_LINES", "a line break or another control character")
                .forEach((name, reason) -> assertThatThrownBy(() -> secrets().find(name))
                        .isInstanceOfSatisfying(Failure.class, e -> assertThat(e.code()).isEqualTo(Code.INVALID_SECRET))
                        .hasMessageContaining("the secret " + name)
                        .hasMessageContaining(reason)
                        .hasMessageNotContaining("hun"));
    }
}
