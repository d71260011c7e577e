package dev.qanat.route;

import dev.qanat.web.Reply;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Objects;

/** {@code GET /schemas/pipeline.json}: the vocabulary of a pipeline as a JSON Schema, for editors. */
@ApplicationScoped
@Named("schemasEndpoint")
public class SchemasEndpoint {

    private static final String PIPELINE = "/schemas/pipeline.json";

    public Reply pipeline() throws IOException {
        try (InputStream schema = Objects.requireNonNull(SchemasEndpoint.class.getResourceAsStream(PIPELINE))) {
            return new Reply(
                    200, "application/schema+json", Map.of(), new String(schema.readAllBytes(), StandardCharsets.UTF_8));
        }
    }
}
