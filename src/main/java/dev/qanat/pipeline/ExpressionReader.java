package dev.qanat.pipeline;

import dev.qanat.failure.Code;
import dev.qanat.pipeline.Section.Text;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.exceptions.Mark;

/**
 * Reads the text of an expression so far that it can be put between parentheses and stays there: texts, names and parentheses are
 * closed, no comment hides what follows, no semicolon ends the statement. It takes the text apart as PostgreSQL does; where
 * versions or settings of PostgreSQL differ, the text is refused. What it means is not looked at.
 */
final class ExpressionReader {
    private static final int MAX_LENGTH = 4000;

    private final String text;
    private final StringBuilder sql = new StringBuilder();
    private final Set<String> names = new LinkedHashSet<>();
    private final Deque<Character> open = new ArrayDeque<>();
    private int at;

    private ExpressionReader(String text) {
        this.text = text;
    }

    /** The expression; empty, and a problem, when it is none. */
    static Optional<Expression> read(Section section, String key, Text text) {
        ExpressionReader reader = new ExpressionReader(text.value());
        String fault = reader.fault();
        if (fault != null) {
            section.problem(key, Code.INVALID_EXPRESSION, "'%s' %s".formatted(key, fault));
            return Optional.empty();
        }
        Mark mark = text.node().getStartMark().orElseThrow();
        return Optional.of(new Expression(
                reader.sql.toString().strip(),
                Set.copyOf(reader.names),
                mark.getLine() + 1,
                mark.getColumn() + 1,
                text.path()));
    }

    private @Nullable String fault() {
        if (text.isBlank()) {
            return "is empty; write an SQL expression";
        }
        if (text.length() > MAX_LENGTH) {
            return "is longer than %d characters; make it simpler".formatted(MAX_LENGTH);
        }
        while (at < text.length()) {
            String fault = token();
            if (fault != null) {
                return fault;
            }
        }
        return open.isEmpty() ? null : "has a '%s' that is not closed".formatted(open.peek() == ')' ? '(' : '[');
    }

    private @Nullable String token() {
        char c = text.charAt(at);
        if (c == '\'') {
            return text(false);
        }
        if (c == '"') {
            return quotedName();
        }
        if (isNamePart(c)) {
            return word();
        }
        if (c == '\n' || c == '\r' || c == '\t' || c == '\f') {
            // Two texts on two lines would be one text to PostgreSQL, and the escapes of the first hold in the second.
            sql.append(' ');
            at++;
            return null;
        }
        String fault = sign(c);
        sql.append(c);
        at++;
        return fault;
    }

    private @Nullable String sign(char c) {
        switch (c) {
            case ';' -> {
                return "holds a ';'; write one expression, not a statement";
            }
            case '$', '{', '}' -> {
                return "holds a '%s', which is no SQL; nothing is put in, write the value".formatted(c);
            }
            case '\\' -> {
                return "holds a '\\', which is no SQL";
            }
            case '(' -> open.push(')');
            case '[' -> open.push(']');
            case ')', ']' -> {
                if (open.isEmpty() || open.pop() != c) {
                    return "has a '%s' that closes nothing".formatted(c);
                }
            }
            case ',' -> {
                if (open.isEmpty()) {
                    return "holds a ',' between two expressions; write one";
                }
            }
            default -> {
                if (text.startsWith("--", at) || text.startsWith("/*", at)) {
                    return "holds a comment; write it as one of YAML's, outside of the expression";
                }
                if (c < ' ' || c == 0x7F) {
                    return "holds the character U+%04X; take it out".formatted((int) c);
                }
            }
        }
        return null;
    }

    private @Nullable String word() {
        int start = at;
        while (at < text.length() && isNamePart(text.charAt(at))) {
            at++;
        }
        String word = text.substring(start, at);
        boolean escapes = word.equalsIgnoreCase("e");
        if (at < text.length() && text.charAt(at) == '\'' && !escapes) {
            return "has a quote right behind '%s'; put a blank between them".formatted(Section.line(word));
        }
        if (word.equalsIgnoreCase("u") && at < text.length() && text.charAt(at) == '&') {
            return "holds a U&; write the characters themselves";
        }
        sql.append(word);
        names.add(word.toLowerCase(Locale.ROOT));
        return escapes && at < text.length() && text.charAt(at) == '\'' ? text(true) : null;
    }

    private @Nullable String text(boolean escapes) {
        int start = at++;
        for (; at < text.length(); at++) {
            char c = text.charAt(at);
            if (c == 0) {
                return "holds a NUL; take it out";
            }
            if (c == '\\' && escapes) {
                at++;
            } else if (c == '\'') {
                if (at + 1 < text.length() && text.charAt(at + 1) == '\'') {
                    at++;
                } else {
                    sql.append(text, start, ++at);
                    return null;
                }
            }
        }
        return "has a text that is not closed: a ' is missing, or one within it is not doubled";
    }

    private @Nullable String quotedName() {
        int end = at + 1;
        while (end < text.length() && text.charAt(end) != '"') {
            end++;
        }
        if (end == text.length() || end + 1 < text.length() && text.charAt(end + 1) == '"') {
            return "has a name whose \" is not closed";
        }
        String name = text.substring(at + 1, end++);
        if (name.chars().anyMatch(c -> c < ' ')) {
            return "has a name with a character that no editor shows";
        }
        names.add(name);
        sql.append(text, at, end);
        at = end;
        return null;
    }

    private static boolean isNamePart(char c) {
        return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80;
    }
}
