package dev.qanat.pipeline;

import dev.qanat.failure.Code;
import dev.qanat.pipeline.Section.Text;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import org.snakeyaml.engine.v2.nodes.MappingNode;

/** Reads {@code paginator}: the name of a type, or a mapping with it. */
final class PaginatorReader {
    private static final int MOST = 999_999_999;
    private static final String PAGE = "page";
    private static final String NEXT = "next";
    private static final List<String> TYPES = Arrays.stream(Type.values()).map(type -> type.name().toLowerCase(Locale.ROOT)).toList();

    private enum Type {
        SINGLE_PAGE,
        PAGE_NUMBER,
        OFFSET,
        CURSOR,
        HEADER_LINK,
        JSON_LINK
    }

    private final Section endpoint;
    private final Variables variables;

    PaginatorReader(Section endpoint, Variables variables) {
        this.endpoint = endpoint;
        this.variables = variables;
    }

    /** The paginator; a single page, and problems, where it is not as it should be. */
    Paginator read() {
        if (endpoint.entry("paginator").filter(e -> e.value() instanceof MappingNode).isEmpty()) {
            return endpoint.choice("paginator", Type.class).map(this::byName).orElse(new Paginator.SinglePage());
        }
        Section section = endpoint.mapping("paginator", "a type or a mapping").orElseThrow();
        if (!section.has("type")) {
            section.missing("type", "write " + Section.alternatives(TYPES));
        }
        return section.choice("type", Type.class).map(type -> read(type, section)).orElse(new Paginator.SinglePage());
    }

    private Paginator byName(Type type) {
        return switch (type) {
            case SINGLE_PAGE -> new Paginator.SinglePage();
            case PAGE_NUMBER -> new Paginator.PageNumber(1, PAGE, Optional.empty(), OptionalInt.empty());
            case OFFSET -> lacking(type, "limit");
            case CURSOR -> lacking(type, "cursor_path");
            case HEADER_LINK -> new Paginator.HeaderLink(NEXT);
            case JSON_LINK -> lacking(type, "next_url_path");
        };
    }

    private Paginator lacking(Type type, String key) {
        String name = type.name().toLowerCase(Locale.ROOT);
        endpoint.problem("paginator", Code.MISSING_KEY, "%s '%s' needs '%s'; write '{ type: %s, %s: … }'"
                .formatted(endpoint.label("paginator"), name, key, name, key));
        return new Paginator.SinglePage();
    }

    private Paginator read(Type type, Section section) {
        return switch (type) {
            case SINGLE_PAGE -> {
                section.allow(Level.SINGLE_PAGE);
                yield new Paginator.SinglePage();
            }
            case PAGE_NUMBER -> pageNumber(section);
            case OFFSET -> offset(section);
            case CURSOR -> {
                section.allow(Level.CURSOR);
                need(section, "cursor_path", "say where an answer holds the next page's cursor, such as '$.next_cursor'");
                need(section, "cursor_param", "name the parameter that takes it");
                yield new Paginator.Cursor(
                        JsonPathReader.read(section, "cursor_path").orElse("$"), word(section, "cursor_param").orElse("cursor"));
            }
            case HEADER_LINK -> {
                section.allow(Level.HEADER_LINK);
                yield new Paginator.HeaderLink(word(section, "rel").orElse(NEXT));
            }
            case JSON_LINK -> {
                section.allow(Level.JSON_LINK);
                need(section, "next_url_path", "say where an answer holds the next page's URL, such as '$.next'");
                yield new Paginator.JsonLink(JsonPathReader.read(section, "next_url_path").orElse("$"));
            }
        };
    }

    private Paginator pageNumber(Section section) {
        section.allow(Level.PAGE_NUMBER);
        int base = section.number("base_page", 0, MOST).orElse(1);
        return new Paginator.PageNumber(
                base,
                word(section, "page_param").orElse(PAGE),
                JsonPathReader.read(section, "total_path"),
                last(section, "maximum_page", base, "base_page"));
    }

    private Paginator offset(Section section) {
        section.allow(Level.OFFSET);
        need(section, "limit", "say how many records a page has");
        int first = section.number("offset", 0, MOST).orElse(0);
        String limitParam = word(section, "limit_param").orElse("limit");
        String offsetParam = word(section, "offset_param").orElse("offset");
        if (limitParam.equals(offsetParam)) {
            section.problem(section.has("offset_param") ? "offset_param" : "limit_param", Code.CONFLICTING_KEYS,
                    "one parameter cannot hold the limit and the offset; name another");
        }
        return new Paginator.Offset(
                section.number("limit", 1, MOST).orElse(1),
                limitParam,
                first,
                offsetParam,
                JsonPathReader.read(section, "total_path"),
                last(section, "maximum_offset", first, "offset"));
    }

    private static void need(Section section, String key, String hint) {
        if (!section.has(key)) {
            section.missing(key, hint);
        }
    }

    private static OptionalInt last(Section section, String key, int first, String firstKey) {
        Optional<Integer> last = section.number(key, 0, MOST);
        if (last.isPresent() && last.get() < first) {
            section.problem(key, Code.INVALID_VALUE, "%s is less than %s; nothing would be asked for"
                    .formatted(section.label(key), section.label(firstKey)));
        }
        return last.map(OptionalInt::of).orElse(OptionalInt.empty());
    }

    /** A text that is not empty. */
    private Optional<String> word(Section section, String key) {
        Optional<Text> text = section.text(key, "a name");
        Optional<String> word = text.flatMap(t -> variables.expand(section, t));
        if (word.isPresent() && word.get().isBlank()) {
            section.problem(key, Code.INVALID_VALUE, section.label(key) + " is empty; write a name, or take it out");
        }
        return word;
    }
}
