package dev.qanat.route;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.camel.util.URISupport;

/**
 * What an error says, without the passwords in it, as Camel's messages have whole endpoints, and lines of files; and without the values of
 * rows, which PostgreSQL quotes in its details.
 */
final class MaskedText {

    /** A word, with the {@code RAW()} in it, in which Camel has passwords as they are. */
    private static final Pattern WORD = Pattern.compile("(?:RAW\\([^)]*\\)|RAW\\{[^}]*}|[^\\s\\[\\]\"'<>])+");

    /** A setting in a piece of a file, which a reader of YAML tells with its messages. */
    private static final Pattern SETTING = Pattern.compile(
            "(?i)([\\w-]*(?:password|passphrase|passcode|secret|(?:access|api|private)[-_]?key|(?:access|auth)[-_]?token)[\\w-]*"
                    + "[\"']?:[ ]+)(?:\"[^\"\\n]*\"?|'[^'\\n]*'?|[^,}\\n]+)");

    private static final Pattern DETAIL = Pattern.compile("\\R\\s*Detail: .*");

    private MaskedText() {}

    static String of(String text) {
        String settings = SETTING.matcher(DETAIL.matcher(text).replaceAll("")).replaceAll("$1xxxxxx");
        return WORD.matcher(settings).replaceAll(word -> Matcher.quoteReplacement(URISupport.sanitizeUri(word.group())));
    }
}
