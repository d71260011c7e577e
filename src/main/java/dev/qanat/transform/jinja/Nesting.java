package dev.qanat.transform.jinja;

import com.hubspot.jinjava.tree.parse.TagToken;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How deep tags and expressions are nested, counted before Jinjava parses them, which takes the stack of Java or endless time. */
final class Nesting {
    private static final Set<String> BLOCKS = Set.of("if", "for", "macro", "test", "docs", "call");
    private static final Pattern WORD =
            Pattern.compile("'(?:[^'\\\\]|\\\\.)*+'|\"(?:[^\"\\\\]|\\\\.)*+\"|[\\w.]++|\\S", Pattern.DOTALL);
    /** Of operators, filters and calls in a row, each of which Jinjava nests into the next. */
    private static final int MAX_CHAIN = 1_000;

    private int tags;

    /** Takes the next tag of a text. */
    void tag(TagToken tag) {
        String name = tag.getTagName();
        if (name.startsWith("end")) {
            tags--;
        } else if (BLOCKS.contains(name) || name.equals("set") && !tag.getHelpers().contains("=")) {
            tags++;
        }
        if (tags > Budget.MAX_DEPTH) {
            throw TemplateFault.invalid("tags are nested more than %d deep".formatted(Budget.MAX_DEPTH));
        }
    }

    /** The words of an expression, which is refused if it is nested too deeply. */
    static int words(String expression) {
        Deque<Integer> chains = new ArrayDeque<>();
        int words = 0;
        int chain = 0;
        Matcher word = WORD.matcher(expression);
        while (word.find()) {
            words++;
            chain++;
            switch (expression.charAt(word.start())) {
                case '(', '[', '{' -> chains.push(chain);
                case ')', ']', '}' -> chain = chains.isEmpty() ? 0 : chains.pop();
                case ',', ':' -> chain = chains.isEmpty() ? 0 : chains.peek();
                default -> {}
            }
            if (chains.size() > Budget.MAX_DEPTH) {
                throw TemplateFault.invalid("an expression is nested more than %d deep".formatted(Budget.MAX_DEPTH));
            }
            if (chain > MAX_CHAIN) {
                throw TemplateFault.invalid("an expression has more than %d words in a row; take it apart".formatted(MAX_CHAIN));
            }
        }
        return words;
    }
}
