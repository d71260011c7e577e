package dev.qanat.serve;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * An item of {@code select}.
 *
 * @param name under which it is given
 * @param column empty for {@code count()}; {@code *} for all columns
 * @param aggregate empty for a column itself
 */
record SelectItem(String name, Optional<String> column, Optional<Aggregate> aggregate) {

    static final String ALL = "*";

    /** Reads items such as {@code a}, {@code alias:a}, {@code count()}, {@code a.sum()} and, the same, {@code sum(a)}. */
    static List<SelectItem> read(String parameter, String value) {
        DialectText text = new DialectText(parameter, value);
        List<SelectItem> items = new ArrayList<>();
        do {
            items.add(item(text));
        } while (text.take(","));
        text.expectEnd();
        return items;
    }

    private static SelectItem item(DialectText text) {
        String first = text.name();
        Optional<String> alias = text.take(":") ? Optional.of(first) : Optional.empty();
        String name = alias.isPresent() ? text.name() : first;
        Optional<String> column;
        Optional<Aggregate> aggregate;
        if (text.take(".")) {
            column = Optional.of(name);
            aggregate = Optional.of(aggregate(text, text.word()));
            text.expect("()");
        } else if (text.take("()")) {
            if (aggregate(text, name) != Aggregate.COUNT) {
                throw text.problem("'" + name + "' needs a column: 'column." + name + "()'");
            }
            column = Optional.empty();
            aggregate = Optional.of(Aggregate.COUNT);
        } else if (text.take("(")) {
            aggregate = Optional.of(aggregate(text, name));
            column = Optional.of(text.name());
            text.expect(")");
        } else {
            column = Optional.of(name);
            aggregate = Optional.empty();
        }
        if (name.equals(ALL) && (alias.isPresent() || aggregate.isPresent())) {
            throw text.problem("'*' stands alone for all columns");
        }
        return new SelectItem(alias.orElseGet(() -> aggregate.map(Aggregate::id).orElse(name)), column, aggregate);
    }

    private static Aggregate aggregate(DialectText text, String name) {
        return Aggregate.of(name).orElseThrow(() -> text.problem("'" + name + "' is none of count, sum, avg, min, max"));
    }
}
