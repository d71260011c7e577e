package dev.qanat.settings;

import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** A migration that has landed stays as it is: databases have gone through it. What is to change, a later one changes. */
class MigrationsTest {

    private static final Path FOLDER = Path.of("src/main/resources/db/migration");
    private static final Path LANDED = Path.of("src/test/resources/upgrade/migrations.txt");

    private static Map<String, String> migrations() throws Exception {
        Map<String, String> found = new TreeMap<>();
        try (Stream<Path> files = Files.list(FOLDER)) {
            for (Path file : files.toList()) {
                byte[] digest = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file));
                found.put(file.getFileName().toString(), HexFormat.of().formatHex(digest));
            }
        }
        return found;
    }

    @Test
    void migrations_are_those_that_are_listed_with_their_checksums() throws Exception {
        Map<String, String> landed =
                Files.readAllLines(LANDED).stream().map(line -> line.split(" ")).collect(toMap(line -> line[0], line -> line[1]));
        assertThat(migrations()).containsExactlyInAnyOrderEntriesOf(landed);
    }

    @Test
    void the_newest_is_the_one_by_which_newer_databases_are_refused() throws Exception {
        assertThat(migrations().keySet().stream().mapToInt(name -> Integer.parseInt(name.replaceAll("^V(\\d+).*", "$1"))).max())
                .hasValue(Database.NEWEST_SCHEMA);
    }
}
