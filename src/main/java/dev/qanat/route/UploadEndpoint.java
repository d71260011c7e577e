package dev.qanat.route;

import dev.qanat.failure.Code;
import dev.qanat.pipeline.ConfigChanges;
import dev.qanat.pipeline.ConfigHistory;
import dev.qanat.pipeline.PipelineReader;
import dev.qanat.pipeline.Pipelines;
import dev.qanat.web.BadRequest;
import dev.qanat.web.Reply;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.camel.Body;
import org.apache.camel.Header;
import org.jspecify.annotations.Nullable;

/** {@code POST /upload-config}: checks a pipeline's YAML and puts it in force as a new version. */
@ApplicationScoped
@Named("uploadEndpoint")
public class UploadEndpoint {

    private final Pipelines pipelines;
    private final Inboxes inboxes;

    UploadEndpoint(Pipelines pipelines, Inboxes inboxes) {
        this.pipelines = pipelines;
        this.inboxes = inboxes;
    }

    /**
     * @param uploaded the body, or the only file of a form
     * @param field the form's field when it is a text and not a file
     */
    public Reply post(
            @Body byte @Nullable [] uploaded,
            @Header("file") @Nullable String field,
            @Header("CamelFileName") @Nullable String fileName)
            throws Exception {
        byte[] body = uploaded != null || field == null ? uploaded : field.getBytes(StandardCharsets.UTF_8);
        if (body == null || body.length == 0) {
            throw new BadRequest(400, Code.NOT_YAML, "the body is empty; send a pipeline's YAML, or a form with the field 'file'");
        }
        if (body.length > PipelineReader.MAX_BYTES) {
            throw new BadRequest(413, Code.BODY_TOO_LARGE, "the body is larger than 1 MiB; a pipeline is not");
        }
        ConfigHistory.Put put = pipelines.put(
                text(body), fileName == null ? "pipeline.yaml" : baseName(fileName), false);
        inboxes.refresh();
        ConfigHistory.Version version = put.version();
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("pipeline", version.pipeline());
        answer.put("version", version.number());
        answer.put("sha256", version.sha256());
        if (put.unchanged()) {
            answer.put("unchanged", true);
            answer.put("changes", List.of());
            return Reply.json(200, answer);
        }
        answer.put("unchanged", false);
        answer.put(
                "changes",
                ConfigChanges.between(
                        put.previous().map(ConfigHistory.Version::yaml).orElse(null), version.yaml()));
        return Reply.json(201, answer)
                .withHeader("Location", "/configs/" + version.pipeline() + "/versions/" + version.number());
    }

    private static String text(byte[] body) {
        try {
            String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(body)).toString();
            return text.startsWith("\uFEFF") ? text.substring(1) : text;
        } catch (CharacterCodingException e) {
            throw new BadRequest(400, Code.NOT_YAML, "the body is not UTF-8 text");
        }
    }

    private static String baseName(String fileName) {
        return fileName.substring(Math.max(fileName.lastIndexOf('/'), fileName.lastIndexOf('\\')) + 1);
    }
}
