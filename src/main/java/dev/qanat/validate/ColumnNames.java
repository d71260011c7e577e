package dev.qanat.validate;

import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;
import java.util.zip.CRC32;

/**
 * Gives the columns of undeclared fields their names: snake_case, unique in the table, of at most 63 bytes, which is what
 * PostgreSQL keeps of a name. The same fields in the same order get the same names.
 */
final class ColumnNames {
    static final int BYTES = 63;

    /** Qanat's own columns, in the tables that stay and in those of a run, and those every table of PostgreSQL keeps to itself. */
    private static final Set<String> SYSTEM = Set.of(
            "_run_id", "_row_hash", "_created_at", "_updated_at", "_position", "_n", "_target",
            "tableoid", "xmin", "cmin", "xmax", "cmax", "ctid");

    private final Set<String> taken = new HashSet<>(SYSTEM);

    ColumnNames(Collection<String> declared) {
        taken.addAll(declared);
    }

    /** The name of the next field's column: its own, or with {@code _2}, {@code _3} where that is taken. */
    String next(String field) {
        String name = fit(snakeCase(field));
        String unique = name;
        for (int i = 2; !taken.add(unique); i++) {
            String suffix = "_" + i;
            unique = cut(name, BYTES - suffix.length()) + suffix;
        }
        return unique;
    }

    /**
     * {@code userId}, {@code User ID} and {@code user-id} as {@code user_id}; {@code address__zipCode}, with the two underscores
     * between nested names, as {@code address__zip_code}; {@code 5. volume} as {@code _5_volume}. Letters and digits of all scripts
     * stay; a name without any is {@code column}.
     */
    static String snakeCase(String field) {
        int[] chars = Normalizer.normalize(field, Normalizer.Form.NFC).codePoints().toArray();
        StringBuilder name = new StringBuilder(field.length() + 8);
        int underscores = 0;
        boolean gap = false;
        int before = ' ';
        for (int i = 0; i < chars.length; i++) {
            int c = chars[i];
            if (c == '_') {
                underscores++;
            } else if (!Character.isLetterOrDigit(c) && !isMark(c)) {
                gap = true;
            } else {
                if (underscores > 0) {
                    name.append(underscores == 1 ? "_" : "__");
                } else if (name.length() > 0 && (gap || isHump(before, c, i + 1 < chars.length ? chars[i + 1] : ' '))) {
                    name.append('_');
                } else if (name.length() == 0 && Character.isDigit(c)) {
                    name.append('_');
                }
                name.appendCodePoint(Character.toLowerCase(c));
                underscores = 0;
                gap = false;
                before = c;
            }
        }
        return name.length() == 0 ? "column" : name.toString();
    }

    /** Whether a word starts at this character: the I of userId, the S of HTTPServer. */
    private static boolean isHump(int before, int c, int after) {
        return Character.isUpperCase(c) && (!Character.isUpperCase(before) || Character.isLowerCase(after));
    }

    private static boolean isMark(int c) {
        int type = Character.getType(c);
        return type == Character.NON_SPACING_MARK || type == Character.COMBINING_SPACING_MARK;
    }

    /** A name that is too long keeps its start and ends in a checksum of the whole, whatever other names there are. */
    private static String fit(String name) {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        if (bytes.length <= BYTES) {
            return name;
        }
        CRC32 checksum = new CRC32();
        checksum.update(bytes);
        String suffix = String.format("_%08x", checksum.getValue());
        return cut(name, BYTES - suffix.length()) + suffix;
    }

    private static String cut(String name, int bytes) {
        int size = 0;
        int end = 0;
        while (end < name.length()) {
            int c = name.codePointAt(end);
            size += Characters.utf8Length(c);
            if (size > bytes) {
                break;
            }
            end += Character.charCount(c);
        }
        return name.substring(0, end);
    }
}
