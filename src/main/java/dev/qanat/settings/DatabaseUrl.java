package dev.qanat.settings;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A database as other programs write it, {@code postgresql://user:password@host/name}, as JDBC wants it.
 *
 * @param jdbcUrl carries neither user nor password
 */
record DatabaseUrl(
        String jdbcUrl, @Nullable String username, @Nullable String password) {

    // The user ends at the last @: passwords with an @ in them are often not encoded.
    private static final Pattern FORM = Pattern.compile("(?:jdbc:)?postgres(?:ql)?(?:\\+\\w+)?://"
            + "(?:(?<user>[^:/?]*)(?::(?<password>[^/?]*))?@)?(?<hosts>[^/?@]*)(?:/(?<name>[^?]*))?(?:\\?(?<query>.*))?");

    /** Parameters that libpq, SQLAlchemy and asyncpg spell otherwise than JDBC. */
    private static final Map<String, String> JDBC_NAMES = Map.of(
            "application_name", "ApplicationName",
            "connect_timeout", "connectTimeout",
            "channel_binding", "channelBinding",
            "gssencmode", "gssEncMode",
            "ssl", "sslmode");

    /** What libpq calls the authorities that the system trusts. */
    private static final String SYSTEM = "system";

    /**
     * Reads {@code postgres://}, {@code postgresql://}, {@code postgresql+asyncpg://} (or another driver's name) and
     * {@code jdbc:postgresql://}.
     *
     * @throws InputFailure {@code invalid_setting}, without the password
     */
    static DatabaseUrl parse(String url) {
        Matcher form = FORM.matcher(url.strip());
        if (!form.matches()) {
            throw new InputFailure(
                    Code.INVALID_SETTING,
                    "DATABASE_URL" + scheme(url)
                            + " is not understood; it looks like postgresql://user:password@host:5432/database");
        }
        Map<String, String> parameters = parameters(form.group("query"));
        if (parameters.containsKey("host")) {
            throw new InputFailure(
                    Code.INVALID_SETTING,
                    "DATABASE_URL names its host in a parameter, such as a socket's folder; JDBC needs host and port before the /");
        }
        String user = decoded(form.group("user"));
        String password = decoded(form.group("password"));
        if (parameters.containsKey("user")) {
            user = parameters.remove("user");
        }
        if (parameters.containsKey("password")) {
            password = parameters.remove("password");
        }
        if (SYSTEM.equals(parameters.get("sslrootcert"))) {
            parameters.remove("sslrootcert");
            parameters.put("sslfactory", "org.postgresql.ssl.DefaultJavaSSLFactory");
        }
        String hosts = form.group("hosts").isEmpty() ? "localhost" : form.group("hosts");
        String name = form.group("name") == null ? "" : form.group("name");
        String query = parameters.entrySet().stream()
                .map(parameter -> parameter.getKey() + "="
                        + URLEncoder.encode(parameter.getValue(), StandardCharsets.UTF_8).replace("+", "%20"))
                .collect(Collectors.joining("&"));
        return new DatabaseUrl(
                "jdbc:postgresql://" + hosts + "/" + name.replace("+", "%2B") + (query.isEmpty() ? "" : "?" + query),
                user,
                password);
    }

    /** The place of a JDBC URL, for people: neither parameters nor credentials. */
    static String place(String jdbcUrl) {
        return jdbcUrl.replaceFirst("^jdbc:postgresql:(//)?", "").replaceFirst("\\?.*", "").replaceFirst("^.*@", "");
    }

    private static Map<String, String> parameters(@Nullable String query) {
        Map<String, String> parameters = new LinkedHashMap<>();
        if (query == null) {
            return parameters;
        }
        for (String parameter : query.split("&")) {
            int equals = parameter.indexOf('=');
            if (equals > 0) {
                String name = parameter.substring(0, equals);
                String value = decoded(parameter.substring(equals + 1));
                parameters.put(JDBC_NAMES.getOrDefault(name, name), name.equals("ssl") ? sslMode(value) : value);
            }
        }
        return parameters;
    }

    /** asyncpg's and JDBC's {@code ssl} holds a mode or a boolean. */
    private static String sslMode(String ssl) {
        return switch (ssl) {
            case "true", "" -> "require";
            case "false" -> "disable";
            default -> ssl;
        };
    }

    private static @Nullable String decoded(@Nullable String text) {
        if (text == null) {
            return null;
        }
        try {
            // A plus is a plus here; only forms take it for a space.
            return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            // A percent sign that is not an encoding: the text is meant as it stands.
            return text;
        }
    }

    /** As much of a URL that is not understood as can be shown: anything else in it may be the password. */
    private static String scheme(String url) {
        return url.matches("[a-z0-9+:]+://.*") ? " " + url.substring(0, url.indexOf("://") + 3) + "…" : "";
    }
}
