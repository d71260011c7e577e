package dev.qanat.transform.jinja;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a callable is called with.
 *
 * @param positional in the order of the call
 * @param named in the order of the call
 */
public record Arguments(List<Object> positional, Map<String, Object> named) {

    public static Arguments of(Object... positional) {
        return new Arguments(List.of(positional), Map.of());
    }

    public int count() {
        return positional.size() + named.size();
    }

    /** The argument at the place or of the name, or null if it is not given. */
    public @Nullable Object find(int position, String name) {
        return position < positional.size() ? positional.get(position) : named.get(name);
    }

    /** As {@link #find}, or the fallback. */
    public Object get(int position, String name, Object fallback) {
        Object found = find(position, name);
        return found == null ? fallback : found;
    }

    /** As {@link #find}; one that is not given is a fault. */
    public Object need(int position, String name) {
        Object found = find(position, name);
        if (found == null) {
            throw TemplateFault.invalid("the argument '%s' is missing".formatted(name));
        }
        return found;
    }

    /** As {@link #need}, and a text. */
    public String text(int position, String name) {
        if (need(position, name) instanceof String text) {
            return text;
        }
        throw TemplateFault.invalid("the argument '%s' must be a text, not %s".formatted(name, Values.repr(need(position, name))));
    }
}
