package dev.qanat.transform.jinja;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The methods of texts, lists and maps. These and no others can be called: no method of Java is reached from a template. */
final class Methods {
    private Methods() {}

    static @Nullable Callable find(Object value, String name) {
        if (value instanceof String text) {
            return ofText(text, name);
        }
        if (value instanceof Tuple tuple) {
            return ofList(tuple, name);
        }
        if (value instanceof List<?> list) {
            @SuppressWarnings("unchecked")
            List<Object> items = (List<Object>) list;
            Callable change = ofChangeable(items, name);
            return change == null ? ofList(items, name) : change;
        }
        if (value instanceof Map<?, ?> map) {
            @SuppressWarnings("unchecked")
            Map<Object, Object> entries = (Map<Object, Object>) map;
            return ofMap(entries, name);
        }
        return null;
    }

    private static @Nullable Callable ofText(String text, String name) {
        return switch (name) {
            case "upper" -> a -> text.toUpperCase(Locale.ROOT);
            case "lower" -> a -> text.toLowerCase(Locale.ROOT);
            case "title" -> a -> Filters.title(text);
            case "capitalize" -> a -> Filters.capitalize(text);
            case "strip" -> a -> a.count() == 0 ? text.strip() : Filters.strip(text, a.text(0, "chars"), true, true);
            case "lstrip" -> a -> a.count() == 0 ? text.stripLeading() : Filters.strip(text, a.text(0, "chars"), true, false);
            case "rstrip" -> a -> a.count() == 0 ? text.stripTrailing() : Filters.strip(text, a.text(0, "chars"), false, true);
            case "startswith" -> a -> prefixes(a).stream().anyMatch(text::startsWith);
            case "endswith" -> a -> prefixes(a).stream().anyMatch(text::endsWith);
            case "replace" -> a -> text.replace(a.text(0, "old"), a.text(1, "new"));
            case "split" -> a -> split(text, a);
            case "join" -> a -> Values.iterate(a.need(0, "iterable")).stream().map(Methods::joined).collect(Collectors.joining(text));
            case "find" -> a -> (long) text.indexOf(a.text(0, "sub"));
            case "count" -> a -> (long) text.split(Pattern.quote(a.text(0, "sub")), -1).length - 1;
            case "isdigit" -> a -> !text.isEmpty() && text.chars().allMatch(Character::isDigit);
            case "zfill" -> a -> "0".repeat(Math.max(0, (int) whole(a.need(0, "width")) - text.length())) + text;
            case "format" -> a -> Format.format(text, a);
            default -> null;
        };
    }

    private static String joined(Object item) {
        if (item instanceof String text) {
            return text;
        }
        throw TemplateFault.invalid("join needs texts, not %s; the filter 'join' takes anything".formatted(Values.repr(item)));
    }

    private static List<String> prefixes(Arguments arguments) {
        Object given = arguments.need(0, "prefix");
        return given instanceof Tuple several ? several.stream().map(Values::str).toList() : List.of(arguments.text(0, "prefix"));
    }

    private static Object split(String text, Arguments arguments) {
        Object separator = arguments.get(0, "sep", None.NONE);
        int limit = (int) whole(arguments.get(1, "maxsplit", -1L)) + 1;
        if (separator instanceof None) {
            String trimmed = text.strip();
            return new ArrayList<Object>(trimmed.isEmpty() ? List.of() : Arrays.asList(trimmed.split("\\s+", Math.max(limit, 0))));
        }
        String quoted = Pattern.quote(Values.str(separator));
        return new ArrayList<Object>(Arrays.asList(text.split(quoted, limit <= 0 ? -1 : limit)));
    }

    private static @Nullable Callable ofList(List<Object> list, String name) {
        return switch (name) {
            case "index" -> a -> {
                for (int i = 0; i < list.size(); i++) {
                    if (Values.equal(list.get(i), a.need(0, "value"))) {
                        return (long) i;
                    }
                }
                throw TemplateFault.invalid("%s is not in the list".formatted(Values.repr(a.need(0, "value"))));
            };
            case "count" -> a -> list.stream().filter(i -> Values.equal(i, a.need(0, "value"))).count();
            case "copy" -> a -> new ArrayList<>(list);
            default -> null;
        };
    }

    private static @Nullable Callable ofChangeable(List<Object> list, String name) {
        return switch (name) {
            case "append" -> a -> done(list.add(a.need(0, "object")));
            case "extend" -> a -> {
                Collection<?> more = Values.iterate(a.need(0, "iterable"));
                Budget.current().items((long) list.size() + more.size());
                return done(list.addAll(more));
            };
            case "insert" -> a -> {
                list.add((int) Math.min(Math.max(whole(a.need(0, "index")), 0), list.size()), a.need(1, "object"));
                return None.NONE;
            };
            case "pop" -> a -> {
                long index = whole(a.get(0, "index", -1L));
                if (list.isEmpty() || index >= list.size() || index < -list.size()) {
                    throw TemplateFault.invalid("pop: the list has %d items".formatted(list.size()));
                }
                return list.remove((int) (index < 0 ? list.size() + index : index));
            };
            case "remove" -> a -> done(list.removeIf(i -> Values.equal(i, a.need(0, "value"))));
            case "clear" -> a -> {
                list.clear();
                return None.NONE;
            };
            case "reverse" -> a -> {
                Collections.reverse(list);
                return None.NONE;
            };
            case "sort" -> a -> {
                list.sort(Values::compare);
                return None.NONE;
            };
            default -> null;
        };
    }

    private static @Nullable Callable ofMap(Map<Object, Object> map, String name) {
        return switch (name) {
            case "items" -> a -> map.entrySet().stream()
                    .<Object>map(e -> new Tuple(List.of(e.getKey(), e.getValue())))
                    .collect(Collectors.toCollection(ArrayList::new));
            case "keys" -> a -> new ArrayList<>(map.keySet());
            case "values" -> a -> new ArrayList<>(map.values());
            case "get" -> a -> {
                Object found = map.get(a.need(0, "key"));
                return found == null ? a.get(1, "default", None.NONE) : found;
            };
            case "update" -> a -> {
                if (a.count() > 0 && !a.positional().isEmpty() && a.positional().get(0) instanceof Map<?, ?> more) {
                    map.putAll(more);
                }
                map.putAll(a.named());
                return None.NONE;
            };
            case "setdefault" -> a -> {
                map.putIfAbsent(a.need(0, "key"), a.get(1, "default", None.NONE));
                return map.get(a.need(0, "key"));
            };
            case "pop" -> a -> {
                Object found = map.remove(a.need(0, "key"));
                return found == null ? a.need(1, "default") : found;
            };
            case "copy" -> a -> new LinkedHashMap<>(map);
            default -> null;
        };
    }

    private static None done(boolean changed) {
        return None.NONE;
    }

    static long whole(Object value) {
        if (value instanceof Long number) {
            return number;
        }
        throw TemplateFault.invalid("a whole number is needed, not %s".formatted(Values.repr(value)));
    }
}
