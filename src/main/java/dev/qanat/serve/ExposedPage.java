package dev.qanat.serve;

import dev.qanat.pipeline.Expose;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A request for a page of an exposed resource, in the words of the data API.
 *
 * @param words by their names, such as {@code limit}
 * @param filters as they were asked for
 * @param page counted from 1; 0 where the page begins behind another one
 */
record ExposedPage(Map<String, String> words, List<Filter> filters, long page) {

    private static final String PAGE = "page";
    private static final String SIZE = "page_size";
    private static final String AFTER = "after";

    /** What is taken over as it is. */
    private static final List<String> SAME = List.of(AFTER, "select", "order");

    /** @param text operator and value in the data API's dialect */
    record Filter(String parameter, String column, String text) {}

    /** How many rows are asked for; empty where that is not said. */
    Optional<Integer> size() {
        return Optional.ofNullable(words.get("limit")).map(Integer::valueOf);
    }

    /** @throws dev.qanat.failure.InputFailure where a parameter means nothing here, or stands twice */
    static ExposedPage read(Expose expose, List<Map.Entry<String, String>> parameters, QueryLimits limits) {
        Map<String, String> words = new HashMap<>();
        List<Filter> filters = new ArrayList<>();
        Map<String, String> given = new HashMap<>();
        for (Map.Entry<String, String> parameter : parameters) {
            String name = parameter.getKey();
            Expose.Filter filter = expose.filters().get(name);
            if (given.put(name, parameter.getValue()) != null) {
                throw DialectText.problem(name, "may stand once");
            } else if (filter != null) {
                boolean several = filter.operator().equals("in");
                String value = several ? "(" + parameter.getValue() + ")" : parameter.getValue();
                filters.add(new Filter(name, filter.column(), filter.operator() + "." + value));
            } else if (SAME.contains(name)) {
                words.put(name, parameter.getValue());
            } else if (!name.equals(PAGE) && !name.equals(SIZE)) {
                List<String> known = Stream.concat(expose.filters().keySet().stream(), Stream.concat(Stream.of(PAGE, SIZE), SAME.stream())).toList();
                throw DialectText.problem(name, "there is no such parameter; there are " + String.join(", ", known));
            }
        }
        if (given.containsKey(SIZE)) {
            words.put("limit", number(SIZE, given.get(SIZE)));
        } else if (given.containsKey(PAGE)) {
            // Of all rows, which CSV has otherwise, there are no pages.
            words.put("limit", Integer.toString(limits.defaultPage()));
        }
        if (given.containsKey(AFTER)) {
            if (given.containsKey(PAGE)) {
                throw DialectText.problem(PAGE, "counts pages, and 'after' names a row; give one of them");
            }
            return new ExposedPage(words, filters, 0);
        }
        words.put("count", "exact");
        return new ExposedPage(words, filters, Long.parseLong(number(PAGE, given.getOrDefault(PAGE, "1"))));
    }

    private static String number(String name, String text) {
        if (!text.matches("0*[1-9]\\d{0,8}")) {
            throw DialectText.problem(name, "'" + text + "' is not a number from 1 to 999999999");
        }
        return text;
    }
}
