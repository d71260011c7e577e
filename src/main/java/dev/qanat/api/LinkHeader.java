package dev.qanat.api;

import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The header {@code Link} (RFC 8288), as far as finding a target by its relation goes. */
final class LinkHeader {
    private static final Pattern PARAMETER =
            Pattern.compile("\\s*;\\s*([^\\s;,=\"<>]+)(?:\\s*=\\s*(?:\"((?:[^\"\\\\]|\\\\.)*+)\"|([^\\s;,\"]*+)))?");
    private static final Pattern LINK = Pattern.compile("<([^>]*)>((?:" + PARAMETER + ")*+)");

    private LinkHeader() {}

    /** The target of the first link of this relation, as it is written. */
    static Optional<String> target(List<String> headers, String rel) {
        return headers.stream()
                .flatMap(header -> LINK.matcher(header).results())
                .filter(link -> Stream.of(relations(link.group(2)).split("\\s+")).anyMatch(rel::equalsIgnoreCase))
                .map(link -> link.group(1))
                .findFirst();
    }

    /** The relations of a link: of several parameters {@code rel} only the first counts. */
    private static String relations(String parameters) {
        Matcher parameter = PARAMETER.matcher(parameters);
        while (parameter.find()) {
            if (parameter.group(1).equalsIgnoreCase("rel")) {
                String quoted = parameter.group(2);
                return quoted != null ? quoted : parameter.group(3) == null ? "" : parameter.group(3);
            }
        }
        return "";
    }
}
