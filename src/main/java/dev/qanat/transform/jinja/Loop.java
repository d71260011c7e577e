package dev.qanat.transform.jinja;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** The variable {@code loop} of one round. */
record Loop(List<Object> items, int round) implements Attributes {

    @Override
    public @Nullable Object attribute(String name) {
        int size = items.size();
        return switch (name) {
            case "index" -> round + 1L;
            case "index0" -> (long) round;
            case "revindex" -> (long) size - round;
            case "revindex0" -> size - round - 1L;
            case "first" -> round == 0;
            case "last" -> round == size - 1;
            case "length" -> (long) size;
            case "depth" -> 1L;
            case "depth0" -> 0L;
            case "previtem" -> round == 0 ? null : items.get(round - 1);
            case "nextitem" -> round == size - 1 ? null : items.get(round + 1);
            case "cycle" -> (Callable) a -> a.positional().isEmpty() ? None.NONE : a.positional().get(round % a.positional().size());
            default -> null;
        };
    }

    @Override
    public String toString() {
        return "<loop %d/%d>".formatted(round + 1, items.size());
    }
}
