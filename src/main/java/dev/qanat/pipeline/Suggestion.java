package dev.qanat.pipeline;

import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.apache.commons.text.similarity.LevenshteinDistance;

/** What somebody may have meant by a word that is not known. */
public final class Suggestion {
    private static final int LONGEST_WORD = 63;

    private Suggestion() {}

    /** The known word that is nearest, if one is near enough to be meant: a third of the letters may differ. */
    public static Optional<String> of(String word, Collection<String> known) {
        return nearest(word.toLowerCase(Locale.ROOT).replace('-', '_'), known);
    }

    private static Optional<String> nearest(String lower, Collection<String> known) {
        if (lower.isBlank() || lower.length() > LONGEST_WORD) {
            return Optional.empty();
        }
        int least = Math.max(1, lower.length() / 3) + 1;
        Optional<String> nearest = Optional.empty();
        for (String candidate : known) {
            int distance = new LevenshteinDistance(least).apply(lower, candidate);
            if (distance >= 0 && distance < least) {
                least = distance;
                nearest = Optional.of(candidate);
            }
        }
        return nearest;
    }

    /** The known word that is nearest, for words whose case matters, such as zones. */
    static Optional<String> exactCase(String word, Collection<String> known) {
        List<String> lower = known.stream().map(k -> k.toLowerCase(Locale.ROOT)).sorted().toList();
        return nearest(word.toLowerCase(Locale.ROOT).replace(' ', '_'), lower)
                .flatMap(l -> known.stream().filter(k -> k.equalsIgnoreCase(l)).findFirst());
    }

    /** The end of a message. */
    public static String ask(String meant) {
        return "; did you mean '" + meant + "'?";
    }
}
