package dev.qanat.pipeline;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How the records of a resource are fetched from an API.
 *
 * @param partitions each is fetched by itself, with a cursor and a failure of its own; a single one without values where the
 *     resource has none. The values of a partition are fields of its records
 */
public record Polling(Endpoint endpoint, List<Map<String, String>> partitions, Optional<Incremental> incremental) {}
