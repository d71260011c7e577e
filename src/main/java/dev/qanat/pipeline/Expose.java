package dev.qanat.pipeline;

import java.util.Map;

/**
 * How a resource's table is offered over HTTP, at a path of its own.
 *
 * @param path below {@code /api/v1/}, one segment
 * @param filters by the parameters of a request, in the order of the declaration
 */
public record Expose(String path, Map<String, Filter> filters) {

    /**
     * What a parameter asks for.
     *
     * @param column of the table
     * @param operator of the data API, such as {@code gte}
     */
    public record Filter(String column, String operator) {}
}
