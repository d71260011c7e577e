package dev.qanat.pipeline;

import java.util.Optional;
import java.util.OptionalInt;

/** How the pages of an answer follow each other. The terms are those of dlt's REST API source. */
public sealed interface Paginator {

    /** One request gives everything. */
    record SinglePage() implements Paginator {}

    /**
     * Pages are counted.
     *
     * @param basePage the number of the first
     * @param totalPath JSONPath to the number of pages
     * @param maximumPage the number of the last that is asked for
     */
    record PageNumber(int basePage, String pageParam, Optional<String> totalPath, OptionalInt maximumPage) implements Paginator {}

    /**
     * Records are counted.
     *
     * @param limit how many a page has
     * @param totalPath JSONPath to the number of records
     * @param maximumOffset beyond it nothing is asked for
     */
    record Offset(
            int limit, String limitParam, int offset, String offsetParam, Optional<String> totalPath, OptionalInt maximumOffset)
            implements Paginator {}

    /**
     * Each answer holds what the next page is asked for by; the last holds none.
     *
     * @param cursorPath JSONPath to it
     * @param cursorParam the parameter of the query that takes it; with POST, the member of the body
     */
    record Cursor(String cursorPath, String cursorParam) implements Paginator {}

    /**
     * The {@code Link} header (RFC 8288) names the next page.
     *
     * @param rel of the link
     */
    record HeaderLink(String rel) implements Paginator {}

    /**
     * The body names the next page.
     *
     * @param nextUrlPath JSONPath to its URL
     */
    record JsonLink(String nextUrlPath) implements Paginator {}
}
