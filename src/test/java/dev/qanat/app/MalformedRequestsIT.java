package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.qanat.app.ApiDescription.Operation;
import dev.qanat.app.MalformedRequests.Request;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Whatever is sent to whatever is described, the answer is none of an error of the server's own. */
class MalformedRequestsIT {

    /** A fixed seed: the suite says the same every time. */
    private static final long SEED = 20261121;

    private static final JsonNode PROBLEM = ApiDescription.json("{\"$ref\": \"#/components/schemas/Problem\"}");
    private static final String OWN_ERROR = "A request met an error of Qanat's own";

    private static Qanat qanat;
    private static ApiDescription description;

    private record Answer(int status, Map<String, String> headers, String body) {}

    @BeforeAll
    static void start() throws IOException {
        qanat = Qanat.shared();
        description = ApiDescription.ofYaml(Files.readString(OpenApiTest.FILE));
    }

    @Test
    void a_malformed_request_is_answered_with_a_problem_and_never_with_an_error_of_the_server() throws IOException {
        String pipeline = Qanat.newName("malformed");
        qanat.pipeline("""
                pipeline: %1$s
                sources: { drops: { type: files } }
                resources: [ { name: %1$s, columns: { id: integer } } ]
                """.formatted(pipeline));
        long run = qanat.load(pipeline, "a.csv", "id\n1\nx\n").getLong("id");
        Map<String, String> samples = Map.of("pipeline", pipeline, "id", Long.toString(run), "version", "1");
        int before = ownErrors();

        List<Request> requests = new MalformedRequests(description, samples).all(SEED);
        List<String> wrong = new ArrayList<>();
        for (Request request : requests) {
            Answer answer = send(request);
            String fault = fault(request, answer);
            if (fault != null) {
                wrong.add("seed " + SEED + ", " + request + "\n    -> " + fault + ": " + answer);
            }
        }

        assertThat(requests).hasSizeGreaterThan(1_000);
        assertThat(String.join("\n", wrong)).isEmpty();
        assertThat(ownErrors()).as("what was not foreseen").isEqualTo(before);
        assertThat(qanat.request().get("/api/v1/health").statusCode()).isEqualTo(200);
    }

    private static int ownErrors() {
        return qanat.logText().split(OWN_ERROR, -1).length;
    }

    /** What is wrong with an answer; null when nothing is. */
    private static @Nullable String fault(Request request, @Nullable Answer answer) {
        if (answer == null) {
            return request.readable() ? "no answer" : null;
        }
        if (answer.status() >= 500) {
            return "an error of the server";
        }
        if (!request.readable() || answer.status() < 400) {
            return null;
        }
        List<String> faults = new ArrayList<>(description.faults(PROBLEM, ApiDescription.json(answer.body())));
        if (!"application/problem+json".equals(answer.headers().get("content-type"))) {
            faults.add("no problem");
        }
        Operation operation = request.operation();
        if (operation != null) {
            faults.addAll(description.faults(operation, answer.status(), answer.headers(), answer.body()));
        }
        return faults.isEmpty() ? null : faults.toString();
    }

    /** Sends a request as it stands; null when the server closes the connection without a word, or waits for more. */
    private static @Nullable Answer send(Request request) throws IOException {
        try (Socket socket = new Socket("127.0.0.1", qanat.port())) {
            socket.setSoTimeout(request.readable() ? 20_000 : 200);
            ByteArrayOutputStream received = new ByteArrayOutputStream();
            try {
                socket.getOutputStream().write(request.bytes());
                socket.getInputStream().transferTo(received);
            } catch (SocketException | SocketTimeoutException e) {
                // What came before counts.
            }
            return received.size() == 0 ? null : answer(received.toString(StandardCharsets.ISO_8859_1));
        }
    }

    /** @param text a character a byte */
    private static Answer answer(String text) {
        int end = text.indexOf("\r\n\r\n");
        String[] lines = text.substring(0, end < 0 ? text.length() : end).split("\r\n");
        // The protocol is what the request claimed, bent as it was.
        assertThat(lines[0]).as("the status line of %s", text).matches("\\S+ \\d{3} .*");
        Map<String, String> headers = new HashMap<>();
        Arrays.stream(lines).skip(1).map(line -> line.split(": ?", 2)).filter(header -> header.length == 2).forEach(header ->
                headers.put(header[0].toLowerCase(Locale.ROOT), header[1]));
        String sent = end < 0 ? "" : text.substring(end + 4);
        String body = headers.containsKey("transfer-encoding") ? unchunked(sent) : sent;
        return new Answer(
                Integer.parseInt(lines[0].split(" ")[1]),
                headers,
                new String(body.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8));
    }

    private static String unchunked(String body) {
        StringBuilder whole = new StringBuilder();
        for (int at = 0; at < body.length(); ) {
            int line = body.indexOf("\r\n", at);
            int length = Integer.parseInt(body.substring(at, line), 16);
            whole.append(body, line + 2, line + 2 + length);
            at = length == 0 ? body.length() : line + 4 + length;
        }
        return whole.toString();
    }
}
