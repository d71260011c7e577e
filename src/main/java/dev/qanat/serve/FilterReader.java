package dev.qanat.serve;

import dev.qanat.serve.ServedColumn.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jooq.Condition;
import org.jooq.Field;
import org.jooq.impl.DSL;

/**
 * Reads filters: {@code col=gte.5}, {@code or=(a.eq.1,and(b.gt.2,c.is.null))}. The place of each value is bound, as a value of its column's
 * type. For one request, one thread.
 */
final class FilterReader {

    private static final int DEEPEST = 10;
    private static final List<String> OPERATORS = List.of("eq", "neq", "gt", "gte", "lt", "lte", "like", "ilike", "in", "is");

    private static final Pattern STAR = Pattern.compile("\\\\.|\\*", Pattern.DOTALL);

    private final BiFunction<String, String, QueryColumn> columns;
    private final List<BoundValue> values = new ArrayList<>();
    private final List<String> shapes = new ArrayList<>();

    /** @param columns a column by the parameter and its name there; it throws where there is none */
    FilterReader(BiFunction<String, String, QueryColumn> columns) {
        this.columns = columns;
    }

    /** The values of all that was read, by their places. */
    List<BoundValue> values() {
        return List.copyOf(values);
    }

    /** What was read but for the values. */
    List<String> shapes() {
        return List.copyOf(shapes);
    }

    /** A filter of a column that has a parameter of its own: its value goes on to the end and needs no quotes. */
    Condition column(String name, String value) {
        return column(name, name, value);
    }

    /** A filter of a column that has a parameter under another name. */
    Condition column(String parameter, String name, String value) {
        DialectText text = new DialectText(parameter, value);
        Condition condition = comparison(columns.apply(parameter, name), text, false);
        shapes.add(name);
        ended(text);
        return condition;
    }

    /** A parameter {@code and}, {@code or}, {@code not.and} or {@code not.or}. */
    Condition tree(String parameter, String value) {
        DialectText text = new DialectText(parameter, value);
        boolean negated = parameter.startsWith("not.");
        Condition condition = branch(negated ? parameter.substring("not.".length()) : parameter, text, 1);
        ended(text);
        return negated ? DSL.not(condition) : condition;
    }

    private void ended(DialectText text) {
        text.expectEnd();
        shapes.add(text.parameter());
        shapes.add(text.shape());
    }

    private Condition branch(String operator, DialectText text, int depth) {
        if (depth > DEEPEST) {
            throw text.problem("conditions are nested deeper than " + DEEPEST);
        }
        List<Condition> conditions = new ArrayList<>();
        text.expect("(");
        do {
            conditions.add(condition(text, depth));
        } while (text.take(","));
        text.expect(")");
        return operator.equals("and") ? DSL.and(conditions) : DSL.or(conditions);
    }

    private Condition condition(DialectText text, int depth) {
        for (String operator : List.of("and", "or")) {
            if (text.isNext(operator + "(")) {
                text.expect(operator);
                return branch(operator, text, depth + 1);
            }
            if (text.isNext("not." + operator + "(")) {
                text.expect("not." + operator);
                return DSL.not(branch(operator, text, depth + 1));
            }
        }
        QueryColumn column = columns.apply(text.parameter(), text.name());
        text.expect(".");
        return comparison(column, text, true);
    }

    /** @param among whether further conditions may follow, which the value's end must be told from */
    private Condition comparison(QueryColumn column, DialectText text, boolean among) {
        boolean negated = text.take("not.");
        String operator = text.word();
        if (!OPERATORS.contains(operator)) {
            throw text.problem("'" + operator + "' is no operator; there are " + String.join(", ", OPERATORS));
        }
        text.expect(".");
        Condition condition = switch (operator) {
            case "in" -> in(column, text);
            case "is" -> is(column, text, among ? text.among() : text.remainder());
            default -> compared(column, operator, text, among ? text.value() : text.rest());
        };
        return negated ? DSL.not(condition) : condition;
    }

    private Condition compared(QueryColumn column, String operator, DialectText text, String value) {
        if (operator.endsWith("like")) {
            if (column.type().kind() != Kind.TEXT) {
                throw text.problem("'" + operator + "' is for text, and " + shown(column));
            }
            if (value.indexOf('\0') >= 0) {
                throw text.problem("a text has no character 0");
            }
            String like = STAR.matcher(value).replaceAll(FilterReader::pattern);
            Field<String> pattern = DSL.val(Integer.toString(place(column, text, like)));
            return operator.equals("like") ? column.field().like(pattern) : column.field().likeIgnoreCase(pattern);
        }
        Field<String> bound = bound(column, text, value);
        return switch (operator) {
            case "eq" -> column.field().eq(bound);
            case "neq" -> column.field().ne(bound);
            case "gt" -> column.field().gt(bound);
            case "gte" -> column.field().ge(bound);
            case "lt" -> column.field().lt(bound);
            default -> column.field().le(bound);
        };
    }

    /** A star is for any text, unless a backslash takes its meaning from it. */
    private static String pattern(MatchResult found) {
        return Matcher.quoteReplacement(found.group().equals("*") ? "%" : found.group().equals("\\*") ? "*" : found.group());
    }

    private Condition in(QueryColumn column, DialectText text) {
        List<Field<String>> any = new ArrayList<>();
        text.expect("(");
        if (text.take(")")) {
            return DSL.falseCondition();
        }
        do {
            any.add(bound(column, text, text.value()));
        } while (text.take(","));
        text.expect(")");
        return column.field().in(any);
    }

    private static Condition is(QueryColumn column, DialectText text, String value) {
        boolean truth = column.type().kind() == Kind.BOOLEAN;
        return switch (value) {
            case "null" -> column.field().isNull();
            case "not_null" -> column.field().isNotNull();
            case "unknown", "true", "false" -> {
                if (!truth) {
                    throw text.problem("'is." + value + "' is for booleans, and " + shown(column));
                }
                Field<Boolean> field = column.field().coerce(Boolean.class);
                yield value.equals("unknown") ? field.isNull() : field.isNotDistinctFrom(DSL.inline(value.equals("true")));
            }
            default -> throw text.problem("'" + value + "' is none of null, not_null, true, false, unknown");
        };
    }

    private Field<String> bound(QueryColumn column, DialectText text, String value) {
        if (!column.type().comparable()) {
            throw text.problem(shown(column) + ", whose values cannot be compared; it can only be asked for 'is.null' and 'not.is.null'");
        }
        return BoundValue.place(place(column, text, value), column.type());
    }

    private int place(QueryColumn column, DialectText text, String value) {
        values.add(new BoundValue(text.parameter(), value, column.type()));
        return values.size() - 1;
    }

    private static String shown(QueryColumn column) {
        return "'" + column.type().name() + "' is of type " + column.type().typeName();
    }
}
