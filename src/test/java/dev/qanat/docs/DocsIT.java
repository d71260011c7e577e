package dev.qanat.docs;

import static org.assertj.core.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.qanat.app.Qanat;
import io.restassured.response.Response;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every command, every whole pipeline and every query of the pages, page by page, against one demo in a copy of the checkout's
 * folders. CONTRIBUTING.md says how a page writes them.
 */
class DocsIT {

    /** What a checkout has that commands work with; {@code data} is the application's home. */
    private static final List<String> CHECKOUT = List.of("routes", "pipelines", "transform", "bin", "deploy", "docs");

    /** What answers the same however often it is asked, and so can be asked again until what it shows has come. */
    private static final Pattern READING = Pattern.compile(
            "(sleep \\d+; )?(curl (?!.* (-X|-d|-F|-T|--data\\S*|--json)\\b)|psql .*\\bSELECT\\b|cat (?!>)|ls\\b|head\\b).*", Pattern.DOTALL);

    /** Programs of which a machine may have none; the README asks for a JDK alone. */
    private static final List<String> NOT_EVERYWHERE = List.of("psql", "pg_dump", "pg_restore", "jq", "python3");

    private static final Pattern PIPELINE = Pattern.compile("^pipeline: ", Pattern.MULTILINE);
    private static final long PATIENCE_NANOS = 30_000_000_000L;

    private static Qanat qanat;
    private static Path checkout;

    @BeforeAll
    static void start() throws IOException {
        qanat = Qanat.fresh("docs");
        checkout = Files.createDirectory(qanat.home().resolveSibling(qanat.home().getFileName() + "-checkout"));
        for (String folder : CHECKOUT) {
            if (Files.exists(Path.of(folder))) {
                copy(Path.of(folder), checkout.resolve(folder));
            }
        }
        Files.createSymbolicLink(checkout.resolve("data"), qanat.home());
        Files.createSymbolicLink(checkout.resolve("target"), Path.of("target").toAbsolutePath());
        qanat.with("QANAT_DEMO", "true")
                .with("QANAT_ROUTES", checkout.resolve("routes").toString())
                .with("QANAT_PIPELINES", checkout.resolve("pipelines").toString())
                .with("QANAT_TRANSFORM", checkout.resolve("transform").toString())
                .start();
    }

    @AfterAll
    static void stop() {
        qanat.close();
    }

    static Stream<Path> pages() {
        return Pages.all().stream()
                .filter(page -> Pages.blocks(page).stream().anyMatch(block -> block.isShell() || isPipeline(block) || block.kind().equals("sql")));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("pages")
    void a_page_does_what_it_says(Path page) throws Exception {
        List<String> wrong = new ArrayList<>();
        try (Shell shell = new Shell(qanat, checkout)) {
            for (Block block : Pages.blocks(page)) {
                if (!block.isRun()) {
                    continue;
                }
                switch (block.kind()) {
                    case "console" -> type(shell, block, wrong);
                    case "sh" -> run(shell, block, wrong);
                    case "sql" -> query(block, wrong);
                    default -> {
                        if (isPipeline(block)) {
                            plan(block, wrong);
                        }
                    }
                }
            }
        }
        if (!wrong.isEmpty()) {
            fail("%s%n%n%s", page, String.join(System.lineSeparator(), wrong));
        }
    }

    @Test
    void no_command_was_left_out() {
        List<String> missing = NOT_EVERYWHERE.stream().filter(program -> Shell.find(program) == null).toList();
        String commands = Pages.blocks().stream()
                .filter(block -> block.isShell() && block.isRun() && lacksProgram(block.text()))
                .map(Block::where)
                .collect(Collectors.joining(", "));
        assumeTrue(commands.isEmpty(), "commands of the pages that need one of " + missing + ": " + commands);
    }

    private static void type(Shell shell, Block block, List<String> wrong) throws IOException, InterruptedException {
        for (Block.Command command : block.commands()) {
            if (lacksProgram(command.text())) {
                continue;
            }
            long until = System.nanoTime() + PATIENCE_NANOS;
            Shell.Outcome outcome = shell.run(command.text());
            // What follows a mistake mostly fails as well, and is not waited for.
            while (!command.shows(outcome.output()) && wrong.isEmpty() && READING.matcher(command.text()).matches() && System.nanoTime() < until) {
                Thread.sleep(300);
                outcome = shell.run(command.text());
            }
            if (!command.shows(outcome.output())) {
                wrong.add(told(block.page(), command.line(), "$ " + command.text(), command.output(), outcome));
            }
        }
    }

    private static void run(Shell shell, Block block, List<String> wrong) throws IOException, InterruptedException {
        if (lacksProgram(block.text())) {
            return;
        }
        Shell.Outcome outcome = shell.run(block.text());
        if (outcome.status() != 0) {
            wrong.add(told(block.page(), block.line(), block.text(), "status 0\n", outcome));
        }
    }

    /** In a transaction that is undone, so that a page may create what it likes. */
    private static void query(Block block, List<String> wrong) throws SQLException {
        try (Connection connection = qanat.database()) {
            connection.setAutoCommit(false);
            try {
                connection.createStatement().execute(block.text());
            } catch (SQLException e) {
                wrong.add(block.where() + "\n" + block.text() + "actual:\n" + e.getMessage());
            }
            connection.rollback();
        }
    }

    private static void plan(Block block, List<String> wrong) {
        Response answer = qanat.request()
                .contentType("application/yaml")
                .body(block.text().getBytes(StandardCharsets.UTF_8))
                .post("/configs/plan");
        if (answer.statusCode() != 200) {
            wrong.add(block.where() + ": POST /configs/plan\nactual:\n" + answer.asString());
        }
    }

    private static boolean isPipeline(Block block) {
        return block.kind().equals("yaml") && PIPELINE.matcher(block.text()).find();
    }

    private static boolean lacksProgram(String command) {
        return NOT_EVERYWHERE.stream()
                .anyMatch(program -> command.matches("(?s).*\\b" + program + "\\b.*") && Shell.find(program) == null);
    }

    private static String told(Path page, int line, String command, String expected, Shell.Outcome outcome) {
        return "%s:%d%n%sexpected:%n%sactual, status %d:%n%s".formatted(page, line, command, expected, outcome.status(), outcome.output());
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> all = Files.walk(from)) {
            for (Path path : (Iterable<Path>) all::iterator) {
                Path target = to.resolve(from.relativize(path).toString());
                if (Files.isDirectory(path)) {
                    Files.createDirectories(target);
                } else {
                    Files.copy(path, target);
                }
            }
        }
    }
}
