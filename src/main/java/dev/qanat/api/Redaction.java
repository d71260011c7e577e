package dev.qanat.api;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.io.JsonStringEncoder;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Puts {@code ***} in place of secrets, wherever they stand in a text: as they are, or escaped for a URL, JSON or HTML. A secret of fewer
 * than {@value #SHORTEST} characters is not searched for, since it would be found everywhere. Immutable.
 */
public final class Redaction {
    /** What stands in place of a secret. */
    public static final String MASK = "***";

    /** Shorter secrets are not searched for. */
    public static final int SHORTEST = 4;

    /** Nothing is secret. */
    public static final Redaction NONE = new Redaction(Set.of());

    private static final String ESCAPE = "\\u";
    private static final Map<String, String> HTML = Map.of("&", "amp", "<", "lt", ">", "gt", "\"", "quot", "'", "apos");
    private static final JsonFactory JSON = new JsonFactory();

    private final Set<String> secrets;
    private final List<String> forms;

    /** Any character may be escaped, and servers differ in which they do: JSON's {@code +} and {@code &}, a URL's {@code /}. */
    private final Pattern escaped;

    private Redaction(Set<String> secrets) {
        this.secrets = secrets;
        // The longest first, lest a part of it be replaced and the rest stay.
        forms = secrets.stream()
                .flatMap(Redaction::forms)
                .distinct()
                .sorted(Comparator.comparingInt(String::length).reversed())
                .toList();
        escaped = Pattern.compile(secrets.isEmpty() ? "(?!)" : secrets.stream()
                .sorted(Comparator.comparingInt(String::length).reversed())
                .map(Redaction::escaped)
                .collect(Collectors.joining("|")));
    }

    public static Redaction of(Collection<String> secrets) {
        return NONE.with(secrets);
    }

    /** The same, with further secrets. */
    public Redaction with(Collection<String> more) {
        Set<String> all = new LinkedHashSet<>(secrets);
        more.stream().filter(secret -> secret.length() >= SHORTEST).forEach(all::add);
        return all.equals(secrets) ? this : new Redaction(all);
    }

    private static Stream<String> forms(String secret) {
        String percent = Urls.encode(secret);
        String escaped = new String(JsonStringEncoder.getInstance().quoteAsString(secret));
        return Stream.of(
                secret, percent, percent.toLowerCase(Locale.ROOT), percent.replace("%20", "+"), escaped, escaped.replace("/", "\\/"));
    }

    private static String escaped(String secret) {
        return secret.codePoints().mapToObj(Redaction::escaped).collect(Collectors.joining());
    }

    /** A character as it is, or escaped as JSON, a URL and HTML have it. */
    private static String escaped(int character) {
        String text = Character.toString(character);
        String units = text.chars().mapToObj(unit -> String.format("\\\\u(?i:%04x)", unit)).collect(Collectors.joining());
        StringBuilder percent = new StringBuilder();
        for (byte each : text.getBytes(StandardCharsets.UTF_8)) {
            percent.append(String.format("%%(?i:%02x)", each & 0xff));
        }
        String named = HTML.containsKey(text) ? "|&" + HTML.get(text) + ";" : text.equals(" ") ? "|\\+" : "";
        return "(?:\\\\?" + Pattern.quote(text) + "|" + units + "|" + percent
                + String.format("|&#0*%d;|&#[xX]0*(?i:%x);", character, character) + named + ")";
    }

    /** Whether a secret stands in the text. */
    public boolean concerns(String text) {
        for (String form : forms) {
            if (text.contains(form)) {
                return true;
            }
        }
        return mayEscape(text) && escaped.matcher(text).find();
    }

    /** The text without secrets. */
    public String text(String text) {
        String shown = text;
        for (String form : forms) {
            shown = shown.replace(form, MASK);
        }
        return mayEscape(shown) ? escaped.matcher(shown).replaceAll(MASK) : shown;
    }

    private boolean mayEscape(String text) {
        return !secrets.isEmpty() && (text.contains(ESCAPE) || text.indexOf('%') >= 0 || text.indexOf('&') >= 0);
    }

    /** JSON text without secrets, which is JSON again: a number with a secret in it becomes a string. What is no JSON is any text. */
    public String json(String json) {
        if (!concerns(json)) {
            return json;
        }
        StringWriter redacted = new StringWriter(json.length());
        try (JsonParser parser = JSON.createParser(json);
                JsonGenerator generator = JSON.createGenerator(redacted)) {
            for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
                copy(token, parser, generator);
            }
        } catch (JsonProcessingException e) {
            return text(json);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return redacted.toString();
    }

    private void copy(JsonToken token, JsonParser parser, JsonGenerator generator) throws IOException {
        switch (token) {
            case START_OBJECT -> generator.writeStartObject();
            case END_OBJECT -> generator.writeEndObject();
            case START_ARRAY -> generator.writeStartArray();
            case END_ARRAY -> generator.writeEndArray();
            case FIELD_NAME -> generator.writeFieldName(text(parser.currentName()));
            case VALUE_STRING -> generator.writeString(text(parser.getText()));
            default -> {
                String value = parser.getText();
                if (concerns(value)) {
                    generator.writeString(text(value));
                } else {
                    generator.writeRawValue(value);
                }
            }
        }
    }
}
