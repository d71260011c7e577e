package dev.qanat.serve;

import java.util.Map;
import java.util.Optional;

/**
 * A column as whoever asks for rows is told of it.
 *
 * @param type as PostgreSQL shows it, such as {@code numeric(12,2)}
 * @param comment that it has in the database
 * @param schema of its values as JSON has them: a JSON Schema, draft 2020-12; empty where they may be anything
 * @param filter one that it takes, such as {@code gte.5}; empty where its name means something else as a parameter
 */
public record ColumnDescription(
        String name, String type, Optional<String> comment, Map<String, Object> schema, Optional<String> filter) {}
