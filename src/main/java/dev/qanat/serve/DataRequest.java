package dev.qanat.serve;

import java.util.List;
import java.util.Map;

/**
 * What is asked of a table.
 *
 * @param table its schema and name with a dot between
 * @param parameters of the query, decoded, in their order; a name may come several times
 * @param personal whether columns that a pipeline marks as {@code pii} are there
 */
public record DataRequest(String table, List<Map.Entry<String, String>> parameters, Format format, boolean personal) {}
