package dev.qanat.records;

import dev.qanat.pipeline.Column;
import dev.qanat.pipeline.Pii;
import dev.qanat.pipeline.Resource;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.text.Normalizer;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * The fields of a source that hold personal values, and what is kept of these. A field is one of them when its name has the letters
 * and digits of a column's {@code from} or name, whatever their case and what stands between them: every field that a column
 * may be read from, and rather one too many. For one thread at a time.
 */
public final class PersonalFields {

    /** Nothing is personal. */
    static final PersonalFields NONE = new PersonalFields(Map.of());

    private static final Pattern NUMBERED = Pattern.compile("_\\d+$");
    private static final Pattern MAIL = Pattern.compile("(?s)([^@\\s])[^@]*(@[^@\\s.]+(?:\\.[^@\\s.]+)+)");

    /** What is kept of the values of a field. */
    interface Treatment {
        /** What is kept of a value; null for nothing. */
        @Nullable String of(String value);
    }

    private final Map<String, Treatment> byName;

    private PersonalFields(Map<String, Treatment> byName) {
        this.byName = byName;
    }

    /** @param key under which values are hashed */
    static PersonalFields of(Resource resource, byte[] key) {
        Map<String, Treatment> byName = new HashMap<>();
        for (Column column : resource.personalColumns()) {
            Treatment treatment = treatment(column, key);
            byName.put(letters(column.from()), treatment);
            byName.putIfAbsent(letters(column.name()), treatment);
        }
        return byName.isEmpty() ? NONE : new PersonalFields(byName);
    }

    @Nullable Treatment find(String field) {
        if (byName.isEmpty()) {
            return null;
        }
        Treatment found = byName.get(letters(field));
        // A name that comes twice in a header is numbered.
        return found != null ? found : byName.get(letters(NUMBERED.matcher(field).replaceFirst("")));
    }

    /** Whether a field is taken for one of a column. */
    public static boolean mayBe(String field, Column column) {
        String name = letters(field);
        return name.equals(letters(column.from())) || name.equals(letters(column.name()));
    }

    /** Whether the values of a field, or of one of a numbered name, are treated as those of a column. */
    public static boolean areTreatedAs(String field, Column column) {
        return mayBe(field, column) || mayBe(NUMBERED.matcher(field).replaceFirst(""), column);
    }

    private static String letters(String name) {
        StringBuilder letters = new StringBuilder(name.length());
        Normalizer.normalize(name, Normalizer.Form.NFKD)
                .codePoints()
                .filter(Character::isLetterOrDigit)
                .map(c -> Character.toLowerCase(Character.toUpperCase(c)))
                .forEach(letters::appendCodePoint);
        return letters.toString();
    }

    private static Treatment treatment(Column column, byte[] key) {
        Pii pii = column.pii().orElseThrow();
        Treatment treatment = switch (pii) {
            case HASH -> hash(key);
            case MASK -> PersonalFields::masked;
            case DROP -> value -> null;
        };
        // What stands for null says nothing of anybody, and must be known for it.
        return pii == Pii.DROP ? treatment : value -> column.nullIf().contains(value) ? value : treatment.of(value);
    }

    private static Treatment hash(byte[] key) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            return value -> HexFormat.of().formatHex(mac.doFinal(value.getBytes(StandardCharsets.UTF_8)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java platform has HMAC-SHA-256", e);
        }
    }

    /** Of an address of mail its first character and the domain, of all else nothing. */
    private static String masked(String value) {
        Matcher mail = MAIL.matcher(value.strip());
        return mail.matches() ? mail.group(1) + "***" + mail.group(2) : "***";
    }
}
