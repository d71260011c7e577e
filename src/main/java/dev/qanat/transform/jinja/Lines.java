package dev.qanat.transform.jinja;

import com.hubspot.jinjava.JinjavaConfig;
import com.hubspot.jinjava.tree.Node;
import com.hubspot.jinjava.tree.parse.TokenScanner;
import java.util.HashMap;
import java.util.Map;

/** The lines on which tags and expressions begin: Jinjava tells where they end, and counts no lines inside of quotes. */
final class Lines {
    static final Lines AS_COUNTED = new Lines(Map.of());

    private final Map<String, Integer> begins;

    private Lines(Map<String, Integer> begins) {
        this.begins = begins;
    }

    static Lines of(String text, JinjavaConfig config) {
        Map<String, Integer> begins = new HashMap<>();
        int[] line = {1};
        new TokenScanner(text, config).forEachRemaining(token -> {
            int counted = token.getLineNumber() - newlines(token.getImage());
            if (counted != line[0]) {
                begins.put(key(token.getLineNumber(), token.getStartPosition()), line[0]);
            }
            line[0] += newlines(token.getImage());
        });
        return begins.isEmpty() ? AS_COUNTED : new Lines(begins);
    }

    int of(Node node) {
        int counted = node.getLineNumber() - newlines(node.getMaster().getImage());
        return begins.getOrDefault(key(node.getLineNumber(), node.getStartPosition()), counted);
    }

    /** The line of an error that Jinjava tells. */
    int of(int line, int position) {
        return begins.getOrDefault(key(line, position), Math.max(line, 1));
    }

    private static String key(int line, int position) {
        return line + ":" + position;
    }

    private static int newlines(String text) {
        return (int) text.chars().filter(c -> c == '\n').count();
    }
}
