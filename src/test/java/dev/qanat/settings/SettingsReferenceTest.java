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
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The page on settings has every setting with its default, and none that nobody reads. */
class SettingsReferenceTest {
    private static final Path PAGE = Path.of("docs/reference/settings.md");
    private static final Path DEFAULTS = Path.of("src/main/resources/application.properties");
    private static final Pattern ROW = Pattern.compile("^\\| `([A-Z_]+)` \\| ([^|]*) \\|", Pattern.MULTILINE);
    private static final Pattern READ_BY_A_ROUTE = Pattern.compile("\\{\\{([A-Z_]+):?([^}]*)}}");
    private static final Pattern EXPRESSION = Pattern.compile("\\$\\{([A-Z_]+):([^}]*)}");

    /** Quarkus's own, of which the page says what Quarkus's documentation does, and the one that {@code StartConfig} reads. */
    private static final Set<String> ELSEWHERE = Set.of(
            "QUARKUS_HTTP_PORT", "QUARKUS_HTTP_SSL_CERTIFICATE_FILES", "QUARKUS_LOG_CONSOLE_JSON_ENABLED", "DATABASE_URL");

    /** Said in words: whether there is an interval, and what counts with it. */
    private static final Set<String> IN_WORDS = Set.of("ETL_ENABLED", "ETL_INTERVAL_MINUTES");

    private final Properties properties = new Properties();
    private final Map<String, String> page = new TreeMap<>();

    @BeforeEach
    void read() throws IOException {
        try (Reader reader = Files.newBufferedReader(DEFAULTS)) {
            properties.load(reader);
        }
        for (MatchResult row : ROW.matcher(Files.readString(PAGE)).results().toList()) {
            assertThat(page.put(row.group(1), row.group(2))).as(row.group(1)).isNull();
        }
    }

    @Test
    void every_setting_is_on_the_page_with_its_default() throws IOException {
        assertThat(page).containsAllEntriesOf(defaults());
        assertThat(page).containsKeys(IN_WORDS.toArray(String[]::new));
    }

    @Test
    void nothing_is_on_the_page_that_is_not_read() throws IOException {
        Set<String> read = new TreeSet<>(defaults().keySet());
        read.addAll(ELSEWHERE);
        read.addAll(IN_WORDS);
        properties.stringPropertyNames().forEach(name -> read.add(inTheEnvironment(name)));
        // One datasource is configured through the other's.
        read.addAll(Set.of("QUARKUS_DATASOURCE_JDBC_URL", "QUARKUS_DATASOURCE_USERNAME", "QUARKUS_DATASOURCE_PASSWORD"));
        assertThat(read).containsAll(page.keySet());
    }

    @Test
    void the_defaults_of_quarkus_settings_are_those_of_the_application() {
        assertThat(page.keySet().stream().filter(name -> name.startsWith("QUARKUS_"))).isNotEmpty().allSatisfy(name -> properties
                .stringPropertyNames()
                .stream()
                .filter(property -> inTheEnvironment(property).equals(name))
                .forEach(property -> assertThat(page).containsEntry(name, "`" + properties.getProperty(property) + "`")));
    }

    private Map<String, String> defaults() throws IOException {
        Map<String, String> defaults = new TreeMap<>();
        for (Method setting : Settings.class.getDeclaredMethods()) {
            String name = "qanat." + kebab(setting);
            defaults.put(inTheEnvironment(name), shown(properties.getProperty(name)));
        }
        Arrays.stream(EtlSettings.class.getDeclaredMethods())
                .map(setting -> inTheEnvironment("etl." + kebab(setting)))
                .forEach(name -> assertThat(IN_WORDS).contains(name));
        for (String name : Set.of("default.page-size", "max.page-size")) {
            defaults.put(inTheEnvironment(name), shown(properties.getProperty(name)));
        }
        AllowedEnvironment.OWN.forEach(name -> defaults.put(name, "none"));
        Secrets.OWN.forEach(name -> defaults.put(name, "none"));
        for (String value : properties.values().stream().map(String::valueOf).toList()) {
            EXPRESSION.matcher(value).results().forEach(found -> defaults.put(found.group(1), shown(found.group(2))));
        }
        try (Stream<Path> files = Files.walk(Path.of("routes"))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                READ_BY_A_ROUTE.matcher(Files.readString(file)).results()
                        .forEach(found -> defaults.merge(found.group(1), shown(found.group(2)), (one, other) -> one.equals("none") ? other : one));
            }
        }
        return defaults;
    }

    private static String shown(@Nullable String value) {
        return value == null || value.isEmpty() ? "none" : "`" + value + "`";
    }

    private static String inTheEnvironment(String property) {
        return property.toUpperCase(Locale.ROOT).replaceAll("[^A-Z0-9]", "_");
    }

    private static String kebab(Method setting) {
        return Arrays.stream(setting.getName().split("(?=[A-Z])"))
                .map(word -> word.toLowerCase(Locale.ROOT))
                .reduce((left, right) -> left + "-" + right)
                .orElseThrow();
    }
}
