package dev.qanat.validate;

import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The kinds of a field's values. An integer is a decimal as well: who writes {@code 1.5} may write 2 as {@code 2}.
 *
 * @param all in the order of {@link ValueKind}, unmodifiable, without integer where decimal is among them; empty while all values are null
 */
public record Kinds(Set<ValueKind> all) {

    static final Kinds NONE = of(EnumSet.noneOf(ValueKind.class));

    /** The kinds, with integer left out beside decimal. */
    static Kinds of(Set<ValueKind> kinds) {
        EnumSet<ValueKind> own = EnumSet.noneOf(ValueKind.class);
        own.addAll(kinds);
        if (own.contains(ValueKind.DECIMAL)) {
            own.remove(ValueKind.INTEGER);
        }
        return new Kinds(Collections.unmodifiableSet(own));
    }

    /** The kinds of a text that {@link #text} gave. */
    public static Kinds parse(String text) {
        return of(Arrays.stream(text.split("\\|"))
                .filter(id -> !id.isEmpty())
                .map(id -> ValueKind.valueOf(id.toUpperCase(Locale.ROOT)))
                .collect(Collectors.toCollection(() -> EnumSet.noneOf(ValueKind.class))));
    }

    /** Such as {@code string|decimal}; empty for none. */
    public String text() {
        return all.stream().map(ValueKind::id).collect(Collectors.joining("|"));
    }

    boolean isEmpty() {
        return all.isEmpty();
    }

    Kinds and(Kinds others) {
        if (covers(others)) {
            return this;
        }
        EnumSet<ValueKind> both = EnumSet.copyOf(others.all);
        both.addAll(all);
        return of(both);
    }

    /** Whether the others are nothing new. */
    boolean covers(Kinds others) {
        return others.all.stream().allMatch(kind -> all.contains(kind) || kind == ValueKind.INTEGER && all.contains(ValueKind.DECIMAL));
    }
}
