package dev.qanat.settings;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.Reader;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The page on settings has every setting of Qanat's own with its default. */
class SettingsReferenceTest {
    private static final Path PAGE = Path.of("docs/reference/settings.md");
    private static final Path DEFAULTS = Path.of("src/main/resources/application.properties");
    private static final Pattern ROW = Pattern.compile("^\\| `([A-Z_]+)` \\| ([^|]*) \\|", Pattern.MULTILINE);

    @Test
    void every_setting_is_on_the_page_with_its_default() throws IOException {
        Properties defaults = new Properties();
        try (Reader properties = Files.newBufferedReader(DEFAULTS)) {
            defaults.load(properties);
        }
        Map<String, String> page = new TreeMap<>();
        for (MatchResult row : ROW.matcher(Files.readString(PAGE)).results().toList()) {
            assertThat(page.put(row.group(1), row.group(2))).as(row.group(1)).isNull();
        }
        assertThat(Settings.class.getDeclaredMethods()).isNotEmpty().allSatisfy(setting -> {
            String name = "qanat." + kebab(setting);
            String value = defaults.getProperty(name);
            assertThat(page)
                    .containsEntry(
                            name.toUpperCase(Locale.ROOT).replaceAll("[.-]", "_"), value == null ? "none" : "`" + value + "`");
        });
    }

    private static String kebab(Method setting) {
        return Arrays.stream(setting.getName().split("(?=[A-Z])"))
                .map(word -> word.toLowerCase(Locale.ROOT))
                .reduce((left, right) -> left + "-" + right)
                .orElseThrow();
    }
}
