package dev.qanat.transform.jinja;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.MinimalPrettyPrinter;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The filters of Jinja that dbt projects use, and dbt's own {@code as_…}; others are refused by name. */
final class Filters {
    private static final Pattern WORD_START = Pattern.compile("\\p{L}[\\p{L}']*");
    private static final ObjectMapper JSON = new ObjectMapper();

    private Filters() {}

    static Object apply(String name, Object value, Arguments a) {
        if (value instanceof Undefined undefined && !name.equals("default") && !name.equals("d")) {
            throw undefined.fault();
        }
        return switch (name) {
            case "abs" -> value instanceof Long whole ? (Object) Math.abs(whole) : (Object) Math.abs(number(value));
            case "as_bool", "as_number", "as_native", "as_text", "safe" -> value;
            case "attr" -> Values.attribute(value, a.text(0, "name"));
            case "batch" -> batch(value, a);
            case "capitalize" -> capitalize(Values.str(value));
            case "default", "d" -> value instanceof Undefined || Values.truth(a.get(1, "boolean", false)) && !Values.truth(value)
                    ? a.get(0, "default_value", "")
                    : value;
            case "dictsort" -> dictsort(value);
            case "first" -> Values.iterate(value).stream().findFirst().orElse(new Undefined("first"));
            case "float" -> decimal(value, a.get(0, "default", 0.0));
            case "indent" -> indent(Values.str(value), a);
            case "int" -> whole(value, a.get(0, "default", 0L));
            case "items" -> Values.item(value, "items") instanceof Callable items ? items.call(Arguments.of()) : new ArrayList<>();
            case "join" -> join(value, a);
            case "last" -> last(Values.iterate(value));
            case "length", "count" -> (long) Values.iterate(value).size();
            case "list" -> Values.iterate(value);
            case "lower" -> Values.str(value).toLowerCase(Locale.ROOT);
            case "map" -> map(value, a);
            case "max" -> extreme(value, a, Comparator.naturalOrder());
            case "min" -> extreme(value, a, Comparator.reverseOrder());
            case "reject" -> keep(value, test(a, 0).negate());
            case "rejectattr" -> keep(value, attributeTest(a).negate());
            case "replace" -> Values.str(value).replace(Values.str(a.need(0, "old")), Values.str(a.need(1, "new")));
            case "reverse" -> reverse(value);
            case "round" -> round(value, a);
            case "select" -> keep(value, test(a, 0));
            case "selectattr" -> keep(value, attributeTest(a));
            case "sort" -> sort(value, a);
            case "string" -> Values.str(value);
            case "sum" -> sum(value, a);
            case "title" -> title(Values.str(value));
            case "tojson" -> json(value, false);
            case "trim" -> a.count() == 0 ? Values.str(value).strip() : strip(Values.str(value), a.text(0, "chars"), true, true);
            case "unique" -> unique(value);
            case "upper" -> Values.str(value).toUpperCase(Locale.ROOT);
            case "wordcount" -> (long) Values.str(value).strip().split("\\s+").length;
            default -> throw TemplateFault.notSupported("the filter '%s' is not supported".formatted(name));
        };
    }

    static String capitalize(String text) {
        return text.isEmpty() ? text : text.substring(0, 1).toUpperCase(Locale.ROOT) + text.substring(1).toLowerCase(Locale.ROOT);
    }

    static String title(String text) {
        return WORD_START.matcher(text).replaceAll(word -> capitalize(word.group()));
    }

    static String strip(String text, String characters, boolean left, boolean right) {
        int from = 0;
        int to = text.length();
        while (left && from < to && characters.indexOf(text.charAt(from)) >= 0) {
            from++;
        }
        while (right && to > from && characters.indexOf(text.charAt(to - 1)) >= 0) {
            to--;
        }
        return text.substring(from, to);
    }

    /** As Python's {@code json.dumps}, whose separators have a space. */
    static String json(Object value, boolean sorted) {
        try {
            return JSON.writer(new PythonSpaces()).writeValueAsString(plain(value, sorted));
        } catch (JsonProcessingException e) {
            throw TemplateFault.invalid("cannot be written as JSON: " + e.getOriginalMessage());
        }
    }

    /** What a JSON text stands for; the fallback when it is none. */
    static Object fromJson(String text, Object otherwise) {
        try {
            return value(JSON.readValue(text, Object.class));
        } catch (JsonProcessingException e) {
            return otherwise;
        }
    }

    private static Object value(@Nullable Object json) {
        if (json instanceof Map<?, ?> map) {
            Map<Object, Object> values = new LinkedHashMap<>();
            map.forEach((key, item) -> values.put(key, value(item)));
            return values;
        }
        if (json instanceof List<?> list) {
            return list.stream().map(Filters::value).collect(Collectors.toCollection(ArrayList::new));
        }
        return json instanceof Integer number ? Long.valueOf(number) : None.orNone(json);
    }

    private static @Nullable Object plain(Object value, boolean sorted) {
        if (value instanceof Map<?, ?> map) {
            Map<String, @Nullable Object> plain = sorted ? new TreeMap<>() : new LinkedHashMap<>();
            map.forEach((key, item) -> plain.put(Values.str(key), plain(item, sorted)));
            return plain;
        }
        if (value instanceof List<?> list) {
            return list.stream().<@Nullable Object>map(item -> plain(item, sorted)).collect(Collectors.toCollection(ArrayList::new));
        }
        if (value instanceof None) {
            return null;
        }
        return value instanceof Number || value instanceof Boolean ? value : Values.str(value);
    }

    private static double number(Object value) {
        if (value instanceof Number number) {
            return number.doubleValue();
        }
        throw TemplateFault.invalid("a number is needed, not %s".formatted(Values.repr(value)));
    }

    private static Object batch(Object value, Arguments a) {
        List<Object> items = Values.iterate(value);
        int size = (int) Math.max(1, Methods.whole(a.need(0, "linecount")));
        List<Object> batches = new ArrayList<>();
        for (int i = 0; i < items.size(); i += size) {
            batches.add(new ArrayList<>(items.subList(i, Math.min(items.size(), i + size))));
        }
        return batches;
    }

    private static Object dictsort(Object value) {
        if (!(value instanceof Map<?, ?> map)) {
            throw TemplateFault.invalid("dictsort needs a dict, not %s".formatted(Values.repr(value)));
        }
        return map.entrySet().stream()
                .sorted((x, y) -> Values.compare(folded(x.getKey()), folded(y.getKey())))
                .<Object>map(e -> new Tuple(List.of(e.getKey(), e.getValue())))
                .collect(Collectors.toCollection(ArrayList::new));
    }

    private static Object folded(Object value) {
        return value instanceof String text ? text.toLowerCase(Locale.ROOT) : value;
    }

    private static Object decimal(Object value, Object otherwise) {
        try {
            return value instanceof String text ? (Object) Double.valueOf(text.strip()) : (Object) number(value);
        } catch (NumberFormatException e) {
            return otherwise;
        }
    }

    private static Object whole(Object value, Object otherwise) {
        try {
            if (value instanceof String text) {
                return new BigDecimal(text.strip()).setScale(0, RoundingMode.DOWN).longValueExact();
            }
            return value instanceof Boolean bool ? (Object) (bool ? 1L : 0L) : (Object) (long) number(value);
        } catch (NumberFormatException e) {
            return otherwise;
        } catch (ArithmeticException e) {
            throw TemplateFault.notSupported("numbers beyond 64 bits are not supported");
        }
    }

    private static String indent(String text, Arguments a) {
        String prefix = " ".repeat((int) Methods.whole(a.get(0, "width", 4L)));
        boolean first = Values.truth(a.get(1, "first", false));
        boolean blank = Values.truth(a.get(2, "blank", false));
        List<String> lines = text.lines().toList();
        StringBuilder indented = new StringBuilder();
        for (int i = 0; i < lines.size(); i++) {
            boolean with = i == 0 ? first : blank || !lines.get(i).isBlank();
            indented.append(i == 0 ? "" : "\n").append(with ? prefix : "").append(lines.get(i));
        }
        return indented.append(text.endsWith("\n") ? "\n" : "").toString();
    }

    private static String join(Object value, Arguments a) {
        Object attribute = a.get(1, "attribute", None.NONE);
        return Values.iterate(value).stream()
                .map(item -> attribute instanceof String name ? Values.attribute(item, name) : item)
                .map(Values::str)
                .collect(Collectors.joining(Values.str(a.get(0, "d", ""))));
    }

    private static Object last(List<Object> items) {
        return items.isEmpty() ? new Undefined("last") : items.get(items.size() - 1);
    }

    private static Object map(Object value, Arguments a) {
        List<Object> mapped = new ArrayList<>();
        for (Object item : Values.iterate(value)) {
            if (a.named().get("attribute") instanceof String attribute) {
                Object found = Values.attribute(item, attribute);
                mapped.add(found instanceof Undefined && a.named().get("default") != null ? a.named().get("default") : found);
            } else {
                List<Object> rest = a.positional().subList(1, a.positional().size());
                mapped.add(apply(a.text(0, "filter"), item, new Arguments(rest, a.named())));
            }
        }
        return mapped;
    }

    private static Object extreme(Object value, Arguments a, Comparator<Integer> direction) {
        Comparator<Object> order = (x, y) -> direction.compare(Values.compare(key(x, a), key(y, a)), 0);
        return Values.iterate(value).stream().max(order).orElse(new Undefined("max"));
    }

    private static Object key(Object item, Arguments a) {
        return a.named().get("attribute") instanceof String name ? Values.attribute(item, name) : folded(item);
    }

    private static Object keep(Object value, Predicate<Object> test) {
        return Values.iterate(value).stream().filter(test).collect(Collectors.toCollection(ArrayList::new));
    }

    private static Predicate<Object> test(Arguments a, int from) {
        if (a.positional().size() <= from) {
            return Values::truth;
        }
        String name = a.text(from, "test");
        List<Object> rest = a.positional().subList(from + 1, a.positional().size());
        return item -> ValueTests.holds(name, item, rest);
    }

    private static Predicate<Object> attributeTest(Arguments a) {
        String attribute = a.text(0, "attribute");
        Predicate<Object> test = test(a, 1);
        return item -> test.test(Values.attribute(item, attribute));
    }

    private static Object reverse(Object value) {
        if (value instanceof String text) {
            return new StringBuilder(text).reverse().toString();
        }
        List<Object> items = Values.iterate(value);
        Collections.reverse(items);
        return items;
    }

    private static Object round(Object value, Arguments a) {
        RoundingMode mode = switch (Values.str(a.get(1, "method", "common"))) {
            case "common" -> RoundingMode.HALF_EVEN;
            case "ceil" -> RoundingMode.CEILING;
            case "floor" -> RoundingMode.FLOOR;
            default -> throw TemplateFault.invalid("round knows the methods common, ceil and floor");
        };
        return new BigDecimal(number(value)).setScale((int) Methods.whole(a.get(0, "precision", 0L)), mode).doubleValue();
    }

    private static Object sort(Object value, Arguments a) {
        List<Object> items = Values.iterate(value);
        boolean sensitive = Values.truth(a.get(1, "case_sensitive", false));
        Object attribute = a.get(2, "attribute", None.NONE);
        Comparator<Object> order = (x, y) -> {
            Object left = attribute instanceof String name ? Values.attribute(x, name) : x;
            Object right = attribute instanceof String name ? Values.attribute(y, name) : y;
            return sensitive ? Values.compare(left, right) : Values.compare(folded(left), folded(right));
        };
        items.sort(Values.truth(a.get(0, "reverse", false)) ? order.reversed() : order);
        return items;
    }

    private static Object sum(Object value, Arguments a) {
        Object sum = a.get(1, "start", 0L);
        Object attribute = a.get(0, "attribute", None.NONE);
        for (Object item : Values.iterate(value)) {
            sum = Values.add(sum, attribute instanceof String name ? Values.attribute(item, name) : item);
        }
        return sum;
    }

    private static Object unique(Object value) {
        Map<Object, Object> seen = new LinkedHashMap<>();
        Values.iterate(value).forEach(item -> seen.putIfAbsent(folded(item), item));
        return new ArrayList<>(new LinkedHashSet<>(seen.values()));
    }

    private static final class PythonSpaces extends MinimalPrettyPrinter {
        private static final long serialVersionUID = 1L;

        @Override
        public void writeObjectFieldValueSeparator(JsonGenerator json) throws IOException {
            json.writeRaw(": ");
        }

        @Override
        public void writeObjectEntrySeparator(JsonGenerator json) throws IOException {
            json.writeRaw(", ");
        }

        @Override
        public void writeArrayValueSeparator(JsonGenerator json) throws IOException {
            json.writeRaw(", ");
        }
    }
}
