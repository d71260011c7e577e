package dev.qanat.pipeline;

import dev.qanat.failure.Code;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.api.lowlevel.Parse;
import org.snakeyaml.engine.v2.events.AliasEvent;
import org.snakeyaml.engine.v2.events.CollectionEndEvent;
import org.snakeyaml.engine.v2.events.CollectionStartEvent;
import org.snakeyaml.engine.v2.events.DocumentStartEvent;
import org.snakeyaml.engine.v2.events.Event;
import org.snakeyaml.engine.v2.events.NodeEvent;
import org.snakeyaml.engine.v2.events.ScalarEvent;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.scanner.StreamReader;

/**
 * Reads a text as one YAML 1.2 document whose root is a mapping, within limits that hold the work and the memory down whatever
 * the text: its size, its depth, its anchors and aliases.
 */
final class YamlDocument {
    static final int MAX_BYTES = 1 << 20;
    static final int MAX_DEPTH = 20;
    static final int MAX_ANCHORS = 20;

    private final String fileName;

    private YamlDocument(String fileName) {
        this.fileName = fileName;
    }

    static MappingNode read(String yaml, String fileName) {
        // A byte order mark is no part of the text, and would move every column of the first line.
        String text = yaml.startsWith("\uFEFF") ? yaml.substring(1) : yaml;
        return new YamlDocument(fileName).root(text);
    }

    private MappingNode root(String text) {
        checkSize(text);
        checkCharacters(text);
        LoadSettings settings =
                LoadSettings.builder().setLabel(fileName).setUseMarks(true).setCodePointLimit(MAX_BYTES).build();
        try {
            // The events come one by one, without recursion: the limits are checked before a tree is built.
            checkStructure(new Parse(settings).parseString(text));
            Optional<Node> root = new Compose(settings).composeString(text);
            if (root.isEmpty()) {
                throw invalid(1, 1, Code.MISSING_KEY, "the file is empty; write at least 'pipeline', 'sources' and 'resources'");
            }
            if (root.get() instanceof MappingNode mapping) {
                return mapping;
            }
            throw invalid(
                    root.get().getStartMark(),
                    Code.WRONG_TYPE,
                    "a pipeline is a mapping that starts with 'pipeline: <name>', not " + Section.kind(root.get()));
        } catch (MarkedYamlEngineException e) {
            throw notYaml(e);
        } catch (YamlEngineException e) {
            throw notYaml(1, 1, e.getMessage());
        }
    }

    private void checkSize(String text) {
        if (text.length() > MAX_BYTES || text.getBytes(StandardCharsets.UTF_8).length > MAX_BYTES) {
            throw invalid(1, 1, Code.INVALID_VALUE, "the file is larger than 1 MiB; a pipeline is not");
        }
    }

    private void checkCharacters(String text) {
        int line = 1;
        int column = 1;
        for (int i = 0; i < text.length(); ) {
            int c = text.codePointAt(i);
            if (!StreamReader.isPrintable(c)) {
                throw notYaml(line, column, "the character U+%04X is not allowed; take it out, or write it as an escape in \"…\""
                        .formatted(c));
            }
            i += Character.charCount(c);
            if (c == '\n') {
                line++;
                column = 1;
            } else {
                column++;
            }
        }
    }

    private void checkStructure(Iterable<Event> events) {
        int documents = 0;
        int depth = 0;
        int anchors = 0;
        int aliases = 0;
        for (Event event : events) {
            if (event instanceof DocumentStartEvent && ++documents > 1) {
                throw invalid(
                        event.getStartMark(), Code.INVALID_VALUE, "a second document starts here; write one pipeline to a file");
            } else if (event instanceof CollectionStartEvent && ++depth > MAX_DEPTH) {
                throw invalid(
                        event.getStartMark(), Code.INVALID_VALUE, "nested deeper than " + MAX_DEPTH + " levels; a pipeline is not");
            } else if (event instanceof CollectionEndEvent) {
                depth--;
            } else if (event instanceof AliasEvent && ++aliases > MAX_ANCHORS) {
                throw invalid(event.getStartMark(), Code.INVALID_VALUE, "more than " + MAX_ANCHORS + " aliases; write them out");
            }
            if (event instanceof NodeEvent node && !(event instanceof AliasEvent)) {
                if (node.getAnchor().isPresent() && ++anchors > MAX_ANCHORS) {
                    throw invalid(event.getStartMark(), Code.INVALID_VALUE,
                            "more than " + MAX_ANCHORS + " anchors; write them out");
                }
                tag(event).ifPresent(tag -> {
                    throw invalid(event.getStartMark(), Code.INVALID_VALUE,
                            "a tag is written here ('%s'), and none is read; take it out".formatted(tag));
                });
            }
        }
    }

    private static Optional<String> tag(Event event) {
        if (event instanceof ScalarEvent scalar) {
            return scalar.getTag();
        }
        return event instanceof CollectionStartEvent collection ? collection.getTag() : Optional.empty();
    }

    private InvalidPipeline notYaml(MarkedYamlEngineException e) {
        // Not the exception's own message: it quotes the text around, which may hold what should not be shown.
        String what = e.getProblem().contains("\\t(TAB)")
                ? "a tab where spaces belong; indent with spaces"
                : (e.getContext() == null || e.getContext().isBlank() ? "" : e.getContext() + ": ") + e.getProblem();
        Optional<Mark> mark = e.getProblemMark().or(e::getContextMark);
        return notYaml(mark.map(m -> m.getLine() + 1).orElse(1), mark.map(m -> m.getColumn() + 1).orElse(1), what);
    }

    private InvalidPipeline notYaml(int line, int column, String what) {
        return new InvalidPipeline(
                Code.NOT_YAML, fileName, List.of(new Problem(line, column, "", Code.NOT_YAML, "not YAML: " + what)));
    }

    private InvalidPipeline invalid(Optional<Mark> mark, Code code, String message) {
        return invalid(mark.orElseThrow().getLine() + 1, mark.orElseThrow().getColumn() + 1, code, message);
    }

    private InvalidPipeline invalid(int line, int column, Code code, String message) {
        return new InvalidPipeline(Code.INVALID_PIPELINE, fileName, List.of(new Problem(line, column, "", code, message)));
    }
}
