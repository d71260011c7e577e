package dev.qanat.serve;

import dev.qanat.pipeline.Expose;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What is asked of a table.
 *
 * @param table its schema and name with a dot between
 * @param parameters of the query, decoded, in their order; a name may come several times
 * @param expose the path of its own at which it is asked, with its filters; empty where it is asked by its name
 * @param personal whether columns that a pipeline marks as {@code pii} are there
 */
public record DataRequest(String table, List<Map.Entry<String, String>> parameters, Format format, Optional<Expose> expose, boolean personal) {}
