package dev.qanat.route;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.qanat.failure.Code;
import dev.qanat.pipeline.Pipelines;
import dev.qanat.web.BadRequest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The JSON object that a request carries; without a body, or with an empty one, an object without keys. */
final class RequestBody {

    private static final ObjectMapper JSON = new ObjectMapper()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY);

    private final JsonNode json;

    private RequestBody(JsonNode json) {
        this.json = json;
    }

    /**
     * Reads a body.
     *
     * @param known the keys that it may have
     * @throws BadRequest when it is no JSON object, or has other keys
     */
    static RequestBody read(byte @Nullable [] body, @Nullable String contentType, List<String> known) throws IOException {
        if (contentType != null && contentType.regionMatches(true, 0, "multipart/", 0, 10)) {
            // Taken for no body, a form would mean every pipeline.
            throw invalid("the body must be JSON, not a form");
        }
        if (body == null || new String(body, StandardCharsets.UTF_8).matches("[ \\t\\r\\n]*")) {
            return new RequestBody(JSON.createObjectNode());
        }
        JsonNode json;
        try {
            json = JSON.readTree(body);
        } catch (JsonProcessingException e) {
            throw invalid("the body is not JSON" + place(e.getLocation()));
        }
        if (!json.isObject()) {
            throw invalid("the body must be a JSON object, such as {\"pipeline\": \"branch_sales\"}");
        }
        for (Iterator<String> names = json.fieldNames(); names.hasNext(); ) {
            String name = names.next();
            if (!known.contains(name)) {
                throw invalid("unknown key '" + name + "'; known are " + String.join(", ", known));
            }
        }
        return new RequestBody(json);
    }

    /** A text; null counts as left out. */
    Optional<String> text(String key) {
        JsonNode value = json.path(key);
        if (!value.isMissingNode() && !value.isNull() && !value.isTextual()) {
            throw invalid(key + ": must be a text");
        }
        return Optional.ofNullable(value.textValue());
    }

    /** True or false; what is left out is false. */
    boolean flag(String key) {
        JsonNode value = json.path(key);
        if (!value.isMissingNode() && !value.isNull() && !value.isBoolean()) {
            throw invalid(key + ": must be true or false");
        }
        return value.asBoolean(false);
    }

    JsonNode value(String key) {
        return json.path(key);
    }

    /** The pipeline of this name; one that is not active cannot be found. */
    static Pipelines.Active pipeline(Pipelines pipelines, String name) {
        return pipelines.active(name).orElseThrow(() -> {
            String why = pipelines.inactive().get(name);
            return new BadRequest(
                    404,
                    Code.UNKNOWN_PIPELINE,
                    why == null
                            ? "there is no pipeline '" + name + "'; POST /upload-config brings one"
                            : "pipeline '" + name + "' is not active: " + why);
        });
    }

    static BadRequest invalid(String detail) {
        return new BadRequest(400, Code.INVALID_REQUEST, detail);
    }

    private static String place(@Nullable JsonLocation location) {
        return location == null ? "" : ": line " + location.getLineNr() + ", column " + location.getColumnNr();
    }
}
