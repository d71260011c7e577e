package dev.qanat.validate;

import java.util.Locale;

/** What a value of a source is. Null is none of them, and a value of a text format is always a string. */
public enum ValueKind {
    STRING,
    INTEGER,
    /** A number with a decimal point or an exponent. */
    DECIMAL,
    BOOLEAN,
    /** One that is kept whole. Of others the fields are what there is. */
    OBJECT,
    ARRAY;

    public String id() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The kind of a value that is no string, by its JSON text. */
    static ValueKind of(String json) {
        return switch (json.isEmpty() ? ' ' : json.charAt(0)) {
            case '{' -> OBJECT;
            case '[' -> ARRAY;
            case 't', 'f' -> BOOLEAN;
            default -> ofNumber(json);
        };
    }

    private static ValueKind ofNumber(String json) {
        for (int i = 0; i < json.length(); i++) {
            char c = json.charAt(i);
            if (c == '.' || c == 'e' || c == 'E') {
                return DECIMAL;
            }
        }
        return INTEGER;
    }
}
