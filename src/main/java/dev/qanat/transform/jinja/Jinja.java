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
import com.hubspot.jinjava.tree.parse.TagToken;
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
import jinjava.de.odysseus.el.tree.TreeBuilderException;
import jinjava.de.odysseus.el.tree.impl.ast.AstNode;

/**
 * Reads texts of Jinja once and renders them many times. Expressions that were parsed are kept as long as this, so it belongs to one
 * reading of one project. Threads: any number may render at once.
 */
public final class Jinja {
    private static final int MAX_TOKENS = 100_000;
    private static final Set<String> TAGS = Set.of("if", "elif", "else", "for", "set", "do", "macro", "test", "docs", "call", "raw");

    /** @param words how many of them it has */
    private record Expression(AstNode root, int words) {}

    private final Engine engine;
    private final Context parsing;
    private final Map<String, Expression> expressions = new ConcurrentHashMap<>();
    private final Grammar.Syntax syntax = new Grammar.Syntax();

    public Jinja() {
        engine = new Engine(JinjavaConfig.newBuilder()
                .withMaxOutputSize(Budget.MAX_TEXT)
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
        return guarded(start, () -> new Template(this, parse(start, text)));
    }

    private Parsed parse(Place start, String text) {
        String unixLines = text.replace("\r\n", "\n");
        String trimmed = unixLines.endsWith("\n") ? unixLines.substring(0, unixLines.length() - 1) : unixLines;
        String parsable = withoutComments(start, trimmed);
        Parsed empty = new Parsed(start, Lines.of(parsable, engine.getGlobalConfig()), List.of());
        Scope scope = new Scope(this, parsing, empty, name -> null, 0);
        return current(scope, () -> new Parsed(start, empty.lines(), List.copyOf(scope.parse(parsable).getChildren())));
    }

    /** Jinjava trims around a comment what Jinja keeps, and the other way round; around a tag it does not. */
    private String withoutComments(Place start, String text) {
        StringBuilder tags = new StringBuilder();
        Nesting nesting = new Nesting();
        int[] count = {0, start.line()};
        new TokenScanner(text, engine.getGlobalConfig()).forEachRemaining(token -> {
            String image = token.getImage();
            try {
                if (++count[0] > MAX_TOKENS) {
                    throw TemplateFault.invalid("a text may have %d tags and expressions".formatted(MAX_TOKENS));
                }
                if (token instanceof TagToken tag) {
                    nesting.tag(tag);
                }
            } catch (TemplateFault fault) {
                throw fault.at(start.file(), count[1]);
            }
            int lines = (int) image.chars().filter(c -> c == '\n').count();
            count[1] += lines;
            if (token instanceof NoteToken && image.endsWith("#}")) {
                tags.append(image.startsWith("{#-") ? "{%- do 0" : "{% do 0")
                        .append("\n".repeat(lines))
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
        return guarded(place, () -> {
            Parsed alone = new Parsed(place, Lines.AS_COUNTED, List.of());
            Scope scope = new Scope(this, engine.getGlobalContext(), alone, names, Scope.currentDepth());
            return current(scope, () -> {
                try {
                    return then.apply(evaluate(expression, scope));
                } catch (TemplateFault fault) {
                    throw fault.at(place);
                } catch (Returned returned) {
                    throw returned.outside().at(place);
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
        return guarded(new Place(file, 1), () -> {
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
        return expression(expression).root();
    }

    private Expression expression(String text) {
        Expression known = expressions.get(text);
        if (known != null) {
            return known;
        }
        try {
            int words = Nesting.words(text);
            AstNode root = (AstNode) syntax.build("#{ " + text.strip() + " }").getRoot().getChild(0);
            Expression read = new Expression(root, words);
            expressions.put(text, read);
            return read;
        } catch (TreeBuilderException e) {
            throw TemplateFault.invalid("'%s' is no expression: %s expected, not %s"
                    .formatted(shown(text), e.getExpected(), e.getEncountered()));
        }
    }

    /** Parses outside of a rendering. */
    AstNode parseAlone(String expression, Parsed text) {
        return current(new Scope(this, engine.getGlobalContext(), text, name -> null, 0), () -> parse(expression));
    }

    private static String shown(String expression) {
        String line = expression.strip().replaceAll("\\s+", " ");
        return line.length() > 60 ? line.substring(0, 60) + "…" : line;
    }

    Object evaluate(String text, Scope scope) {
        Expression expression = expression(text);
        scope.budget().steps(expression.words());
        return expression.root().eval(new Bindings(null, null), new Evaluation(scope));
    }

    /**
     * Runs it with a failure in place of whatever Jinjava throws; inside of a rendering that is done by the outermost.
     *
     * @param start the place to tell where nothing nearer is known
     */
    static <T> T guarded(Place start, Supplier<T> work) {
        if (JinjavaInterpreter.getCurrent() != null) {
            return work.get();
        }
        try {
            return work.get();
        } catch (InterpretException e) {
            throw TemplateFault.of(e).at(start).failure();
        } catch (StackOverflowError e) {
            throw TemplateFault.invalid("tags, expressions and macros are nested too deeply").at(start).failure();
        }
    }

    /** Jinjava asks the thread's current interpreter how to parse. */
    static <T> T current(Scope scope, Supplier<T> work) {
        try (var current = JinjavaInterpreter.closeablePushCurrent(scope).get()) {
            return work.get();
        }
    }
}
