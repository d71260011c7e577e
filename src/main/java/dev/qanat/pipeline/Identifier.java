package dev.qanat.pipeline;

import java.text.Normalizer;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/** The rule of every name that becomes a folder, a table or a column. */
final class Identifier {
    /** PostgreSQL cuts longer ones without a word. */
    static final int MAX_LENGTH = 63;

    static final String RULE = "lower-case letters, digits and underscores, a letter first, at most " + MAX_LENGTH;

    private static final Pattern VALID = Pattern.compile("[a-z][a-z0-9_]{0,62}");

    private Identifier() {}

    static boolean valid(String name) {
        return VALID.matcher(name).matches();
    }

    /** A valid name that resembles this one, such as {@code user_id} for {@code userId}; empty when nothing of it is left. */
    static Optional<String> like(String name) {
        String snake = Normalizer.normalize(name.replace("ß", "ss"), Normalizer.Form.NFD)
                .replaceAll("\\p{M}", "")
                .replaceAll("([a-z0-9])([A-Z])", "$1_$2")
                .toLowerCase(Locale.ROOT)
                .replaceAll("[^a-z0-9]+", "_")
                .replaceAll("^[0-9_]+|_+$", "");
        String cut = snake.length() > MAX_LENGTH ? snake.substring(0, MAX_LENGTH) : snake;
        return valid(cut) ? Optional.of(cut) : Optional.empty();
    }
}
