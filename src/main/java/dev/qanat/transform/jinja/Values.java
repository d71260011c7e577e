package dev.qanat.transform.jinja;

import com.hubspot.jinjava.objects.Namespace;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What Python does with the values of a template: text, {@link Long}, {@link Double}, {@link Boolean}, {@link None}, lists,
 * {@link Tuple}s, maps, {@link Callable}s, {@link Attributes}. Whatever Python refuses is a {@link TemplateFault}.
 */
public final class Values {
    private Values() {}

    /** What {@code if} makes of it. */
    public static boolean truth(Object value) {
        if (value instanceof Boolean bool) {
            return bool;
        }
        if (value instanceof Number number) {
            return number.doubleValue() != 0;
        }
        if (value instanceof String text) {
            return !text.isEmpty();
        }
        if (value instanceof Collection<?> items) {
            return !items.isEmpty();
        }
        if (value instanceof Map<?, ?> map) {
            return !map.isEmpty();
        }
        return !(value instanceof None) && !(value instanceof Undefined);
    }

    /** What {@code {{ }}} prints. */
    public static String str(Object value) {
        if (value instanceof Undefined undefined) {
            throw undefined.fault();
        }
        return value instanceof String text ? text : repr(value);
    }

    /** What stands for it inside a printed list. */
    public static String repr(Object value) {
        if (value instanceof Undefined undefined) {
            throw undefined.fault();
        }
        if (value instanceof String text) {
            return quoted(text);
        }
        if (value instanceof Boolean bool) {
            return bool ? "True" : "False";
        }
        if (value instanceof Double number) {
            return decimal(number);
        }
        if (value instanceof Tuple tuple) {
            return tuple.size() == 1 ? "(" + repr(tuple.get(0)) + ",)" : items(tuple, "(", ")");
        }
        if (value instanceof Collection<?> list) {
            return items(list, "[", "]");
        }
        if (value instanceof Map<?, ?> map) {
            return map.entrySet().stream()
                    .map(e -> repr(e.getKey()) + ": " + repr(e.getValue()))
                    .collect(Collectors.joining(", ", "{", "}"));
        }
        if (value instanceof Callable) {
            throw TemplateFault.invalid("a macro or function is printed; call it: add ()");
        }
        return value.toString();
    }

    private static String items(Collection<?> items, String open, String close) {
        return items.stream().map(Values::repr).collect(Collectors.joining(", ", open, close));
    }

    private static String quoted(String text) {
        String escaped = text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r");
        return escaped.contains("'") && !escaped.contains("\"") ? "\"" + escaped + "\"" : "'" + escaped.replace("'", "\\'") + "'";
    }

    /** The shortest text that reads as this number again; Java's own is longer before 19, and has another exponent. */
    private static String decimal(double value) {
        if (Double.isNaN(value) || Double.isInfinite(value)) {
            return Double.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
        }
        BigDecimal shortest = new BigDecimal(value);
        for (int digits = 1; digits <= 17; digits++) {
            shortest = new BigDecimal(value).round(new MathContext(digits));
            if (shortest.doubleValue() == value) {
                break;
            }
        }
        int exponent = shortest.signum() == 0 ? 0 : shortest.precision() - shortest.scale() - 1;
        if (exponent >= -4 && exponent < 16) {
            String plain = shortest.stripTrailingZeros().toPlainString();
            return plain.contains(".") ? plain : plain + ".0";
        }
        String digits = shortest.stripTrailingZeros().unscaledValue().abs().toString();
        return "%s%s%se%s%02d".formatted(
                value < 0 ? "-" : "",
                digits.charAt(0),
                digits.length() > 1 ? "." + digits.substring(1) : "",
                exponent < 0 ? "-" : "+",
                Math.abs(exponent));
    }

    static boolean equal(Object a, Object b) {
        if (number(a) && number(b)) {
            return numeric(a) == numeric(b);
        }
        if (a instanceof List<?> left && b instanceof List<?> right) {
            if (left.size() != right.size() || left instanceof Tuple != right instanceof Tuple) {
                return false;
            }
            for (int i = 0; i < left.size(); i++) {
                if (!equal(left.get(i), right.get(i))) {
                    return false;
                }
            }
            return true;
        }
        return Objects.equals(a, b);
    }

    static int compare(Object a, Object b) {
        if (a instanceof Long left && b instanceof Long right) {
            return Long.compare(left, right);
        }
        if (number(a) && number(b)) {
            return Double.compare(numeric(a), numeric(b));
        }
        if (a instanceof String left && b instanceof String right) {
            return left.compareTo(right);
        }
        if (a instanceof List<?> left && b instanceof List<?> right) {
            for (int i = 0; i < Math.min(left.size(), right.size()); i++) {
                if (!equal(left.get(i), right.get(i))) {
                    return compare(left.get(i), right.get(i));
                }
            }
            return Integer.compare(left.size(), right.size());
        }
        throw TemplateFault.invalid("%s and %s cannot be compared".formatted(repr(a), repr(b)));
    }

    static boolean contains(Object container, Object item) {
        if (container instanceof String text) {
            return text.contains(str(item));
        }
        return iterate(container).stream().anyMatch(i -> equal(i, item));
    }

    /** The items of a list, the keys of a map, the characters of a text. */
    public static List<Object> iterate(Object value) {
        if (value instanceof Collection<?> items) {
            return new ArrayList<>(items);
        }
        if (value instanceof Map<?, ?> map) {
            return new ArrayList<>(map.keySet());
        }
        if (value instanceof String text) {
            return text.codePoints().<Object>mapToObj(Character::toString).collect(Collectors.toCollection(ArrayList::new));
        }
        throw TemplateFault.invalid("%s is not a list".formatted(repr(value)));
    }

    /** The value with lists and maps of its own, which a template may change without changing others'. */
    public static Object copy(Object value) {
        if (value instanceof Map<?, ?> map) {
            Map<Object, Object> copy = new LinkedHashMap<>();
            map.forEach((key, item) -> copy.put(key, copy(item)));
            return copy;
        }
        if (value instanceof List<?> list && !(value instanceof Tuple)) {
            return list.stream().map(Values::copy).collect(Collectors.toCollection(ArrayList::new));
        }
        return value;
    }

    static Object add(Object a, Object b) {
        if (a instanceof Long left && b instanceof Long right) {
            return exact(() -> Math.addExact(left, right));
        }
        if (number(a) && number(b)) {
            return numeric(a) + numeric(b);
        }
        if (a instanceof String left && b instanceof String right) {
            return joined(left, right);
        }
        if (a instanceof List<?> left && b instanceof List<?> right && left instanceof Tuple == right instanceof Tuple) {
            Budget.current().items((long) left.size() + right.size());
            List<Object> sum = new ArrayList<>(left);
            sum.addAll(right);
            return left instanceof Tuple ? new Tuple(sum) : sum;
        }
        throw TemplateFault.invalid("%s and %s cannot be added; '~' joins texts".formatted(repr(a), repr(b)));
    }

    static String joined(String left, String right) {
        Budget budget = Budget.current();
        budget.fits((long) left.length() + right.length());
        return budget.made(left + right);
    }

    static Object subtract(Object a, Object b) {
        return a instanceof Long left && b instanceof Long right
                ? exact(() -> Math.subtractExact(left, right))
                : (Object) (operand(a, "-") - operand(b, "-"));
    }

    static Object multiply(Object a, Object b) {
        if (a instanceof Long left && b instanceof Long right) {
            return exact(() -> Math.multiplyExact(left, right));
        }
        if (a instanceof String text && b instanceof Long times) {
            int rounds = (int) Math.min(Math.max(times, 0), 10_000);
            Budget.current().fits((long) text.length() * rounds);
            return Budget.current().made(text.repeat(rounds));
        }
        return operand(a, "*") * operand(b, "*");
    }

    static Object divide(Object a, Object b) {
        return operand(a, "/") / divisor(b, "/");
    }

    static Object floorDivide(Object a, Object b) {
        divisor(b, "//");
        return a instanceof Long left && b instanceof Long right
                ? (Object) Math.floorDiv(left, right)
                : (Object) Math.floor(operand(a, "//") / operand(b, "//"));
    }

    static Object modulo(Object a, Object b) {
        if (a instanceof String) {
            throw TemplateFault.notSupported("'%' on a text is not supported; join texts with '~'");
        }
        divisor(b, "%");
        if (a instanceof Long left && b instanceof Long right) {
            return Math.floorMod(left, right);
        }
        double left = operand(a, "%");
        double right = operand(b, "%");
        return left - right * Math.floor(left / right);
    }

    static Object power(Object a, Object b) {
        double result = Math.pow(operand(a, "**"), operand(b, "**"));
        return a instanceof Long && b instanceof Long exponent && exponent >= 0 && Math.abs(result) < 1L << 53
                ? (Object) (long) result
                : (Object) result;
    }

    static Object negate(Object a) {
        return a instanceof Long number ? (Object) (-number) : (Object) (-operand(a, "-"));
    }

    private static Object exact(LongSupplier operation) {
        try {
            return operation.getAsLong();
        } catch (ArithmeticException e) {
            throw TemplateFault.notSupported("numbers beyond 64 bits are not supported");
        }
    }

    private static double divisor(Object value, String operator) {
        double number = operand(value, operator);
        if (number == 0) {
            throw TemplateFault.invalid("division by zero");
        }
        return number;
    }

    private static double operand(Object value, String operator) {
        if (number(value)) {
            return numeric(value);
        }
        throw TemplateFault.invalid("'%s' needs numbers, not %s".formatted(operator, repr(value)));
    }

    private static boolean number(Object value) {
        return value instanceof Number || value instanceof Boolean;
    }

    private static double numeric(Object value) {
        return value instanceof Boolean bool ? (bool ? 1 : 0) : ((Number) value).doubleValue();
    }

    /** {@code value.name}. */
    static Object attribute(Object value, String name) {
        if (value instanceof Undefined undefined) {
            throw undefined.fault();
        }
        if (value instanceof Attributes attributes) {
            return orUndefined(attributes.attribute(name), name);
        }
        Object method = value instanceof Namespace ? null : Methods.find(value, name);
        if (method != null) {
            return method;
        }
        return value instanceof Map<?, ?> map ? orUndefined(map.get(name), name) : new Undefined(name);
    }

    /** {@code value[key]}. */
    static Object item(Object value, Object key) {
        if (value instanceof Undefined undefined) {
            throw undefined.fault();
        }
        if (value instanceof Map<?, ?> map) {
            return map.containsKey(key) ? orUndefined(map.get(key), str(key)) : attributeOf(value, key);
        }
        if (key instanceof Long place && (value instanceof List<?> || value instanceof String)) {
            List<Object> items = iterate(value);
            long index = place < 0 ? items.size() + place : place;
            return index >= 0 && index < items.size() ? items.get((int) index) : new Undefined("[" + place + "]");
        }
        return attributeOf(value, key);
    }

    private static Object attributeOf(Object value, Object key) {
        return key instanceof String name ? attribute(value, name) : new Undefined(str(key));
    }

    private static Object orUndefined(@Nullable Object found, String name) {
        return found == null ? new Undefined(name) : found;
    }

    /** {@code value[from:to]}; a bound that is not given is {@link None}. */
    static Object slice(Object value, Object from, Object to) {
        List<Object> items = iterate(value);
        int start = bound(from, 0, items.size());
        int end = Math.max(start, bound(to, items.size(), items.size()));
        List<Object> part = new ArrayList<>(items.subList(start, end));
        if (value instanceof String) {
            return part.stream().map(Object::toString).collect(Collectors.joining());
        }
        return value instanceof Tuple ? new Tuple(part) : part;
    }

    private static int bound(Object given, int otherwise, int size) {
        if (given instanceof None) {
            return otherwise;
        }
        if (given instanceof Long place) {
            return (int) Math.min(Math.max(place < 0 ? size + place : place, 0), size);
        }
        throw TemplateFault.invalid("a slice needs whole numbers, not %s".formatted(repr(given)));
    }
}
