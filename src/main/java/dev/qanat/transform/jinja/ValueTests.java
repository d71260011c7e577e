package dev.qanat.transform.jinja;

import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What may stand behind {@code is}; others are refused by name. */
final class ValueTests {
    private ValueTests() {}

    static boolean holds(String name, Object value, List<Object> arguments) {
        return switch (name) {
            case "defined" -> !(value instanceof Undefined);
            case "undefined" -> value instanceof Undefined;
            case "none" -> value instanceof None;
            case "boolean" -> value instanceof Boolean;
            case "true" -> Boolean.TRUE.equals(value);
            case "false" -> Boolean.FALSE.equals(value);
            case "string" -> value instanceof String;
            case "number" -> value instanceof Number || value instanceof Boolean;
            case "integer" -> value instanceof Long;
            case "float" -> value instanceof Double;
            case "mapping" -> value instanceof Map;
            case "sequence" -> value instanceof Collection || value instanceof Map || value instanceof String;
            case "iterable" -> value instanceof Collection || value instanceof Map || value instanceof String;
            case "callable" -> value instanceof Callable;
            case "even" -> Math.floorMod(Methods.whole(value), 2L) == 0;
            case "odd" -> Math.floorMod(Methods.whole(value), 2L) == 1;
            case "divisibleby" -> Values.equal(Values.modulo(value, argument(arguments)), 0L);
            case "upper" -> Values.str(value).equals(Values.str(value).toUpperCase(Locale.ROOT));
            case "lower" -> Values.str(value).equals(Values.str(value).toLowerCase(Locale.ROOT));
            case "in" -> Values.contains(argument(arguments), value);
            case "eq", "equalto", "==" -> Values.equal(value, argument(arguments));
            case "ne", "!=" -> !Values.equal(value, argument(arguments));
            case "lt", "lessthan", "<" -> Values.compare(value, argument(arguments)) < 0;
            case "le", "<=" -> Values.compare(value, argument(arguments)) <= 0;
            case "gt", "greaterthan", ">" -> Values.compare(value, argument(arguments)) > 0;
            case "ge", ">=" -> Values.compare(value, argument(arguments)) >= 0;
            default -> throw TemplateFault.notSupported("the test 'is %s' is not supported".formatted(name));
        };
    }

    private static Object argument(List<Object> arguments) {
        if (arguments.isEmpty()) {
            throw TemplateFault.invalid("the test needs an argument");
        }
        return arguments.get(0);
    }
}
