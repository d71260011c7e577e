package dev.qanat.docs;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A fenced block of a page.
 *
 * @param line the number of its first line of text
 * @param kind the first word behind the fence, or nothing
 * @param mark why it is not run: the second word, a key of {@link #MARKS} or {@code by-} and the test that runs it; or nothing
 */
record Block(Path page, int line, String kind, String mark, String text) {

    static final List<String> KINDS = List.of("console", "sh", "sql", "yaml", "json", "csv", "python", "text");

    /** Why commands are not run by the tests. */
    static final Map<String, String> MARKS = Map.of(
            "no-build", "builds and tests the project, as CI does",
            "no-bench", "measures for minutes",
            "no-start", "starts the application, which runs already, or another one",
            "no-engine", "needs a container engine",
            "no-service", "needs a service elsewhere: a cloud, GitHub, a scheduler, a public API, a database of one's own",
            "no-clone", "fetches the project itself",
            "no-install", "changes the machine");

    private static final String OTHER_TEST = "by-";
    private static final Pattern FENCE = Pattern.compile("^( *)```(\\w*) ?([\\w-]*)$");
    private static final Pattern HERE_DOCUMENT = Pattern.compile("<<-?\\s*['\"]?(\\w+)['\"]?");

    /**
     * A command of a console.
     *
     * @param output what it prints as the page shows it
     */
    record Command(int line, String text, String output) {

        /** Whether a page shows what was printed: {@code …} is any text of a line, and a line of its own any lines. */
        boolean shows(String printed) {
            String lines = trimmed(output)
                    .lines()
                    .map(line -> line.strip().equals("…") ? "(?s:.*)" : Pattern.quote(line).replace("…", "\\E.*\\Q"))
                    .collect(Collectors.joining("\n"));
            return Pattern.matches(lines, trimmed(printed));
        }

        private static String trimmed(String text) {
            return text.lines().map(String::stripTrailing).collect(Collectors.joining("\n")).strip();
        }
    }

    static List<Block> of(Path page, List<String> lines) {
        List<Block> blocks = new ArrayList<>();
        for (int i = 0; i < lines.size(); i++) {
            Matcher fence = FENCE.matcher(lines.get(i));
            if (!fence.matches()) {
                continue;
            }
            int indent = fence.group(1).length();
            int first = i + 1;
            StringBuilder text = new StringBuilder();
            for (i++; i < lines.size() && !lines.get(i).strip().equals("```"); i++) {
                String line = lines.get(i);
                text.append(line.substring(Math.min(indent, line.length()))).append('\n');
            }
            blocks.add(new Block(page, first + 1, fence.group(2), fence.group(3), text.toString()));
        }
        return blocks;
    }

    boolean isShell() {
        return kind.equals("console") || kind.equals("sh");
    }

    /** The test that runs it instead, or null. */
    @Nullable String otherTest() {
        return mark.startsWith(OTHER_TEST) ? mark.substring(OTHER_TEST.length()) : null;
    }

    boolean isRun() {
        return mark.isEmpty();
    }

    String where() {
        return page + ":" + line;
    }

    /** The commands of a console: lines behind {@code $}, with the here-document or the continued lines that belong to them. */
    List<Command> commands() {
        List<Command> commands = new ArrayList<>();
        String[] lines = text.split("\n");
        int i = 0;
        while (i < lines.length) {
            if (!lines[i].startsWith("$ ")) {
                throw new IllegalArgumentException(page + ":" + (line + i) + ": a console begins with '$ '");
            }
            int first = i;
            StringBuilder command = new StringBuilder(lines[i++].substring(2)).append('\n');
            String end = hereDocument(command.toString());
            if (end != null) {
                do {
                    command.append(lines[i]).append('\n');
                } while (!lines[i++].equals(end));
            }
            while (i < lines.length && lines[i].startsWith("> ")) {
                command.append(lines[i++].substring(2)).append('\n');
            }
            StringBuilder output = new StringBuilder();
            while (i < lines.length && !lines[i].startsWith("$ ")) {
                output.append(lines[i++]).append('\n');
            }
            commands.add(new Command(line + first, command.toString(), output.toString()));
        }
        return commands;
    }

    private static @Nullable String hereDocument(String command) {
        Matcher begin = HERE_DOCUMENT.matcher(command);
        return begin.find() ? begin.group(1) : null;
    }
}
