package dev.qanat.route;

import dev.qanat.failure.Code;
import dev.qanat.pipeline.PipelineReader;
import dev.qanat.web.BadRequest;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * A pipeline's YAML as a request brings it.
 *
 * @param text without a byte order mark
 * @param fileName as problems shall name it
 */
record UploadedYaml(String text, String fileName) {

    /**
     * @param uploaded the body, or the only file of a form
     * @param field the form's field when it is a text and not a file
     * @param fileName as the form names the file
     */
    static UploadedYaml of(byte @Nullable [] uploaded, @Nullable String field, @Nullable String fileName) {
        byte[] body = uploaded != null || field == null ? uploaded : field.getBytes(StandardCharsets.UTF_8);
        if (body == null || body.length == 0) {
            throw new BadRequest(400, Code.NOT_YAML, "the body is empty; send a pipeline's YAML, or a form with the field 'file'");
        }
        if (body.length > PipelineReader.MAX_BYTES) {
            throw new BadRequest(413, Code.BODY_TOO_LARGE, "the body is larger than 1 MiB; a pipeline is not");
        }
        return new UploadedYaml(text(body), fileName == null ? "pipeline.yaml" : baseName(fileName));
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
