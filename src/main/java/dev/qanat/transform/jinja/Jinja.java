package dev.qanat.transform.jinja;

import com.hubspot.jinjava.JinjavaConfig;
import com.hubspot.jinjava.LegacyOverrides;
import com.hubspot.jinjava.el.JinjavaProcessors;
import com.hubspot.jinjava.interpret.Context;
import com.hubspot.jinjava.interpret.Context.Library;
import com.hubspot.jinjava.interpret.InterpretException;
import com.hubspot.jinjava.interpret.JinjavaInterpreter;
import com.hubspot.jinjava.lib.tag.Tag;
import com.hubspot.jinjava.tree.Node;
import com.hubspot.jinjava.tree.TagNode;
import com.hubspot.jinjava.tree.parse.NoteToken;
import com.hubspot.jinjava.tree.parse.TokenScanner;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import jinjava.de.odysseus.el.tree.Bindings;
import jinjava.de.odysseus.el.tree.Tree;
import jinjava.de.odysseus.el.tree.TreeBuilderException;
import jinjava.de.odysseus.el.tree.impl.ast.AstNode;

/**
 * Reads texts of Jinja once and renders them many times. Expressions that were parsed are kept as long as this, so it belongs to one
 * reading of one project. Threads: any number may render at once.
 */
public final class Jinja {
    private static final Set<String> TAGS = Set.of("if", "elif", "else", "for", "set", "do", "macro", "test", "docs", "call", "raw");

    private final Engine engine;
    private final Context parsing;
    private final Map<String, Tree> expressions = new ConcurrentHashMap<>();
    private final Grammar.Syntax syntax = new Grammar.Syntax();

    public Jinja() {
        engine = new Engine(JinjavaConfig.newBuilder()
                .withLegacyOverrides(LegacyOverrides.newBuilder()
                        .withUseNaturalOperatorPrecedence(true)
                        .withParseWhitespaceControlStrictly(true)
                        .withUseTrimmingForNotesAndExpressions(true)
                        .withHandleBackslashInQuotesOnly(true)
                        .build())
                .withProcessors(JinjavaProcessors.newBuilder()
                        .withNodePreProcessor((node, interpreter) -> ((Scope) interpreter).at(node))
                        .build())
                .build());
        engine.getGlobalContext().registerTag(new ForTag());
        engine.getGlobalContext().registerTag(new IfTag());
        engine.getGlobalContext().registerTag(new SetTag());
        engine.getGlobalContext().registerTag(new MacroTag("macro", ""));
        engine.getGlobalContext().registerTag(new MacroTag("test", "test_"));
        engine.getGlobalContext().registerTag(new MacroTag("docs", "docs_"));
        engine.getGlobalContext().registerTag(new CallTag());
        engine.getGlobalContext().setExpressionStrategy(new Printing());
        parsing = new Context(engine.getGlobalContext(), Map.of(), Map.of(Library.TAG, otherTags()));
    }

    private static Set<String> otherTags() {
        return new Context()
                .getAllTags().stream()
                        .map(Tag::getName)
                        .filter(name -> !TAGS.contains(name) && !TAGS.contains(name.replaceFirst("^end", "")))
                        .collect(Collectors.toSet());
    }

    Engine engine() {
        return engine;
    }

    /**
     * Reads a text.
     *
     * @param start where the text starts, for messages
     * @throws dev.qanat.failure.InputFailure with file and line when it is not Jinja, or has a tag that is not supported
     */
    public Template template(Place start, String text) {
        return guarded(() -> new Template(this, parse(start, text)));
    }

    private Parsed parse(Place start, String text) {
        String unixLines = text.replace("\r\n", "\n");
        String trimmed = unixLines.endsWith("\n") ? unixLines.substring(0, unixLines.length() - 1) : unixLines;
        String parsable = withoutComments(trimmed);
        Parsed empty = new Parsed(start, Lines.of(parsable, engine.getGlobalConfig()), List.of());
        Scope scope = new Scope(this, parsing, empty, name -> null, 0);
        return current(scope, () -> new Parsed(start, empty.lines(), List.copyOf(scope.parse(parsable).getChildren())));
    }

    /** Jinjava trims around a comment what Jinja keeps, and the other way round; around a tag it does not. */
    private String withoutComments(String text) {
        StringBuilder tags = new StringBuilder();
        new TokenScanner(text, engine.getGlobalConfig()).forEachRemaining(token -> {
            String image = token.getImage();
            if (token instanceof NoteToken && image.endsWith("#}")) {
                tags.append(image.startsWith("{#-") ? "{%- do 0" : "{% do 0")
                        .append("\n".repeat((int) image.chars().filter(c -> c == '\n').count()))
                        .append(image.endsWith("-#}") ? " -%}" : " %}");
            } else {
                tags.append(image);
            }
        });
        return tags.toString();
    }

    /**
     * Works one expression out, and goes on with its value in the same rendering.
     *
     * @param place where the expression stands, for messages
     */
    public <T> T expression(Place place, String expression, Names names, Function<Object, T> then) {
        return guarded(() -> {
            Parsed alone = new Parsed(place, Lines.AS_COUNTED, List.of());
            Scope scope = new Scope(this, engine.getGlobalContext(), alone, names, Scope.currentDepth());
            return current(scope, () -> {
                try {
                    return then.apply(evaluate(expression, scope));
                } catch (TemplateFault fault) {
                    throw fault.at(place);
                }
            });
        });
    }

    /** Where the innermost text or macro that is rendered on this thread is at. */
    public static Place place() {
        if (JinjavaInterpreter.getCurrent() instanceof Scope scope) {
            return scope.place();
        }
        throw new IllegalStateException("nothing is rendered");
    }

    /** The macros of a text; whatever stands between them is no part of it. */
    public List<Macro> macros(String file, String text) {
        return guarded(() -> {
            List<Macro> macros = new ArrayList<>();
            Parsed parsed = parse(new Place(file, 1), text);
            for (Node node : parsed.nodes()) {
                if (node instanceof TagNode tag && tag.getTag() instanceof MacroTag macro) {
                    macros.add(macro.read(tag, this, parsed));
                }
            }
            return macros;
        });
    }

    AstNode parse(String expression) {
        Tree tree = expressions.get(expression);
        if (tree == null) {
            try {
                tree = syntax.build("#{ " + expression.strip() + " }");
            } catch (TreeBuilderException e) {
                throw TemplateFault.invalid("'%s' is no expression: %s expected, not %s"
                        .formatted(shown(expression), e.getExpected(), e.getEncountered()));
            }
            expressions.put(expression, tree);
        }
        return (AstNode) tree.getRoot().getChild(0);
    }

    /** Parses outside of a rendering. */
    AstNode parseAlone(String expression, Parsed text) {
        return current(new Scope(this, engine.getGlobalContext(), text, name -> null, 0), () -> parse(expression));
    }

    private static String shown(String expression) {
        String line = expression.strip().replaceAll("\\s+", " ");
        return line.length() > 60 ? line.substring(0, 60) + "…" : line;
    }

    Object evaluate(String expression, Scope scope) {
        return parse(expression).eval(new Bindings(null, null), new Evaluation(scope));
    }

    /** Runs it with a failure in place of whatever Jinjava throws; inside of a rendering that is done by the outermost. */
    static <T> T guarded(Supplier<T> work) {
        if (JinjavaInterpreter.getCurrent() != null) {
            return work.get();
        }
        try {
            return work.get();
        } catch (TemplateFault fault) {
            throw fault.failure();
        } catch (InterpretException e) {
            throw TemplateFault.of(e).failure();
        }
    }

    /** Jinjava asks the thread's current interpreter how to parse. */
    static <T> T current(Scope scope, Supplier<T> work) {
        try (var current = JinjavaInterpreter.closeablePushCurrent(scope).get()) {
            return work.get();
        }
    }
}
