package dev.qanat.api;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** How URLs are put together and taken apart (RFC 3986). */
final class Urls {
    /** What cannot stand in a URL as it is, a percent sign that encodes nothing included. */
    private static final Pattern FOREIGN = Pattern.compile("(?:[^A-Za-z0-9\\-._~!$&'()*+,;=:@/?%\\[\\]#]|%(?![0-9A-Fa-f]{2}))+");

    /** A name, whose last part has a letter, with or without a port. */
    private static final Pattern NAMED = Pattern.compile("(?:[\\w-]+\\.)*[\\w-]*[A-Za-z_][\\w-]*\\.?(?::\\d*)?");

    private Urls() {}

    /** A value as it stands in a URL, wherever that is. */
    static String encode(String value) {
        return URLEncoder.encode(value, StandardCharsets.UTF_8).replace("+", "%20");
    }

    /** A URL, or a part of one, in which only what is not allowed is encoded. */
    static String lenient(String written) {
        return FOREIGN.matcher(written).replaceAll((MatchResult foreign) -> encode(foreign.group()).replace("$", "\\$"));
    }

    /** The same with further parameters; one that is there already stays. */
    static URI withParams(URI uri, Map<String, String> params) {
        List<String> present = pairs(uri).map(Urls::name).toList();
        String added = params.entrySet().stream()
                .map(param -> Map.entry(encode(param.getKey()), encode(param.getValue())))
                .filter(param -> !present.contains(param.getKey()))
                .map(param -> param.getKey() + "=" + param.getValue())
                .collect(Collectors.joining("&"));
        String query = Stream.concat(pairs(uri), Stream.of(added)).filter(pair -> !pair.isEmpty()).collect(Collectors.joining("&"));
        return withQuery(uri, query);
    }

    /** The query's {@code name=value}, encoded as they stand. */
    static Stream<String> pairs(URI uri) {
        return uri.getRawQuery() == null ? Stream.empty() : Stream.of(uri.getRawQuery().split("&"));
    }

    /** The encoded name of a pair. */
    static String name(String pair) {
        int end = pair.indexOf('=');
        return end < 0 ? pair : pair.substring(0, end);
    }

    /** The same with another query, which is encoded already, and without a fragment. */
    static URI withQuery(URI uri, String query) {
        String path = uri.getRawPath() == null ? "" : uri.getRawPath();
        return URI.create(uri.getScheme() + "://" + uri.getRawAuthority() + path + (query.isEmpty() ? "" : "?" + query));
    }

    /**
     * Where a link leads.
     *
     * @throws InputFailure with {@link Code#BAD_LINK} where nothing is to be asked for there
     */
    static URI resolve(URI base, String link) {
        URI uri;
        try {
            uri = base.resolve(lenient(link.strip()));
            if (link.strip().startsWith("?")) {
                // java.net.URI would take the last segment of the path away.
                uri = withQuery(base, lenient(link.strip().substring(1)));
            }
        } catch (IllegalArgumentException e) {
            throw new InputFailure(Code.BAD_LINK, "it leads to what is no URL", e);
        }
        String scheme = String.valueOf(uri.getScheme()).toLowerCase(Locale.ROOT);
        String authority = uri.getRawAuthority();
        if (!List.of("http", "https").contains(scheme) || authority == null || authority.contains("@")) {
            throw new InputFailure(Code.BAD_LINK, "it leads to a URL that is not of http or https, or has a user in it");
        }
        // java.net.URI knows no name with an underscore, and no address such as 127.1, which is none.
        if (uri.getHost() == null && !NAMED.matcher(authority).matches()) {
            throw new InputFailure(Code.BAD_LINK, "it leads to a host that has no proper name or address");
        }
        if ("https".equalsIgnoreCase(base.getScheme()) && scheme.equals("http")) {
            throw new InputFailure(Code.BAD_LINK, "it leads from https to http");
        }
        return withQuery(uri, uri.getRawQuery() == null ? "" : uri.getRawQuery());
    }

    /** Whether both are the same server as far as credentials go: scheme, host and port. */
    static boolean sameOrigin(URI one, URI other) {
        return origin(one).equals(origin(other));
    }

    private static String origin(URI uri) {
        String scheme = uri.getScheme().toLowerCase(Locale.ROOT);
        // Not getHost(): it knows no name with an underscore, as the hosts of a compose file may have.
        String authority = uri.getRawAuthority().toLowerCase(Locale.ROOT);
        return scheme + "://" + authority.replaceFirst(scheme.equals("https") ? ":443$" : ":80$", "");
    }
}
