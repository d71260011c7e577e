package dev.qanat.app;

import static java.util.stream.Collectors.toMap;

import com.fasterxml.jackson.databind.JsonNode;
import dev.qanat.app.ApiDescription.Operation;
import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Requests that no careful client would send, made from the description: of each operation each part, spoiled in each way. None of
 * them triggers every pipeline.
 */
final class MalformedRequests {

    private static final List<String> SEGMENTS = List.of(
            "x", "0", "-1", "1.5", "1e3", "0x10", "+7", "9223372036854775807", "9223372036854775808", "9".repeat(400), "%00", "%01%02%1F%7F",
            "%0D%0AX-Injected:%201", "%C3%28", "%ED%A0%80", "%EF%BB%BF", "%E2%80%AE", "%F0%9F%92%A9", "%D9%A1", "%ZZ", "%", "%2", "%25",
            "'%20OR%201=1--", "';DROP%20TABLE%20qanat.run;--", "%22", "..%2f..%2fetc%2fpasswd", "..%5c..", "%2e%2e", "${jndi:ldap://127.0.0.1/a}",
            "%24%7Bjndi:ldap://127.0.0.1/a%7D", "%7B%7Bvars.x%7D%7D", "true", "null", "[]", "%5B1%5D", "%7B%7D", "a".repeat(3000), "*", ";a=b",
            "-PT1S", "P1Y", "PT", "PT9999999999999999999S", "P99999999999999999999D", "\u00e4", "\ud83d\ude00", "2026-11-21T00:00:00Z");

    private static final List<String> ACCEPTS = List.of(
            "", ";;;", ",,,,", "/", "*", "*/*;q=NaN", "*/*;q=-1", "text/csv;q=", "text/csv;q=99999999999999", "application/yaml;q=1e5", "\"", "a/b;c=\"",
            "text/" + "x".repeat(5000), ",".repeat(4000), "\u00e4/\u00f6", "application/json;charset=utf-99");

    private static final List<String> TYPES = List.of(
            "", "/", ";;;=//", "application/", "application/xml", "image/png", "text/html", "application/json; charset=utf-99",
            "application/json; charset=", "application/yaml; charset=utf-16", "application/x-www-form-urlencoded",
            "application/x-www-form-urlencoded; charset=nope", "multipart/form-data", "multipart/form-data; boundary=",
            "multipart/form-data; boundary=\"\"", "multipart/form-data; boundary=x", "multipart/mixed; boundary=x", "MULTIPART/FORM-DATA; BOUNDARY=x",
            "multipart/form-data; boundary=" + "b".repeat(3000), "text/plain; boundary=\"", "\u00e4/\u00f6", "x".repeat(5000), "application/problem+json",
            "application/java-serialized-object", "message/http");

    private static final int DEPTH = 10_000;

    private static final List<byte[]> TEXTS = bytes(
            "{", "}", "[", "]", "\"", "{\"pipeline\":", "{\"pipeline\":\"nope\"", "{\"pipeline\":\"nope\"}}", "{\"pipeline\":\"nope\"} x", "{'a':1}",
            "{\"a\":1e999999999}", "{\"a\":" + "9".repeat(2_000) + "}", "{\"a\":0." + "0".repeat(100_000) + "1}", "{\"a\":NaN}", "{\"a\":-}", "{\"a\":01}",
            "{\"pipeline\":\"nope\",\"pipeline\":\"nope\"}", "{\"pipeline\":\"\\u0000\"}", "{\"pipeline\":\"\\ud800\"}", "{\"pipeline\":\"a\u0001b\"}",
            "{\"\":\"\"}", "{\"pipeline\":\"" + "x".repeat(1_000_000) + "\"}", "[" + "1,".repeat(100_000) + "1]", "\u0000", "\u0001\u0002\u0003", "\uFEFF",
            "\uFEFF{", "null", "true", "1", "[]", "\"x\"", "// c", "/* c */", "<a/>", "<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>",
            "[".repeat(DEPTH), "[".repeat(DEPTH) + "]".repeat(DEPTH), "{\"a\":".repeat(DEPTH), "{\"a\":".repeat(DEPTH) + "1" + "}".repeat(DEPTH),
            "{\"resources\":" + "[".repeat(DEPTH) + "]".repeat(DEPTH) + "}", "{a: ".repeat(DEPTH), "- ".repeat(DEPTH) + "x", "? ".repeat(DEPTH) + "x",
            "- - ".repeat(DEPTH) + "\n" + ": ".repeat(DEPTH), "&a [*a, *a]", "a: &a [x]\nb: &b [*a,*a,*a]\nc: &c [*b,*b,*b]\nd: [*c,*c,*c]\n",
            "&x ".repeat(DEPTH) + "y", "pipeline: x\npipeline: x\n", "pipeline: x\n---\npipeline: y\n", "---\n".repeat(1_000), "%YAML 9.9\n---\na: b\n",
            "%TAG ! tag:x,2000:\n---\n!a b\n", "!!java.lang.Runtime {}", "a:\tb\n\tc: d\n", "a: |\n" + " ".repeat(10_000) + "x", "a: \u0085\u0007", "? a\n? b",
            "<<: {a: b}\n", "pipeline: 999999999999999999999999999999", "pipeline: 1e999999999", "pipeline: .nan", "pipeline: 0x" + "f".repeat(1_000),
            "pipeline: 2026-13-45", "pipeline: [x]", "pipeline: {x: y}", "pipeline: ~", "pipeline: \"\\ud800\"", "pipeline: x\nsources: 1\nresources: 2",
            "pipeline: x\nsources: {a: {type: files}}\nresources: [{name: a, columns: {" + "c: text, ".repeat(2_000) + "}}]",
            "pipeline: x\nsources: {a: {type: files}}\nresources: [" + "{name: r}, ".repeat(3_000) + "]",
            "pipeline: x\nsources: {a: {type: files}}\nresources: [{name: r, max_errors: 99999999999999999999}]",
            "pipeline: x\nsources: {a: {type: files, watch: P99999999999999999999D}}\nresources: [{name: r}]",
            "pipeline: x\nsources: {a: {type: files}}\nresources: [{name: r, where: \"" + "(".repeat(5_000) + "\"}]",
            "pipeline: x\nsources: {a: {type: files}}\nresources: [{name: r, where: \"1;drop table qanat.run\"}]",
            "pipeline: x\nsources: {a: {type: files}}\nresources: [{name: r, columns: {a: {type: text, pattern: \"" + "(a*)*".repeat(500) + "[\"}}}]",
            "pipeline: x\nsources: {a: {type: files}}\nresources: [{name: r, columns: {a: {type: \"numeric(99999999999,-1)\"}}}]",
            "pipeline: x\nconcurrency: {limit: 99999999999999999999}\nsources: {a: {type: files}}\nresources: [{name: r}]");

    private final ApiDescription description;
    private final Map<String, String> samples;
    private final List<Request> requests = new ArrayList<>();

    /**
     * A request.
     *
     * @param what was spoiled
     * @param bytes as they are sent
     * @param operation whose answer it gets; null where it may be another's
     * @param readable whether it is HTTP, so that the application answers and not the parser before it
     */
    record Request(String what, byte[] bytes, @Nullable Operation operation, boolean readable) {

        @Override
        public String toString() {
            String text = new String(bytes, StandardCharsets.UTF_8);
            return what + ": " + (text.length() > 300 ? text.substring(0, 300) + "…" : text).replace("\r\n", " | ");
        }
    }

    /** @param samples what stands for parameters of paths that are not spoiled */
    MalformedRequests(ApiDescription description, Map<String, String> samples) {
        this.description = description;
        this.samples = samples;
    }

    List<Request> all(long seed) {
        description.operations().stream().collect(toMap(Operation::method, operation -> operation, (one, other) -> one)).values().forEach(this::lines);
        for (Operation operation : description.operations()) {
            paths(operation);
            parameters(operation);
            headers(operation);
            methods(operation);
            if (description.bodies(operation).isEmpty()) {
                needlessBodies(operation);
            } else {
                bodies(operation);
                types(operation);
                lengths(operation);
            }
        }
        mutations(new Random(seed));
        return requests;
    }

    private void paths(Operation operation) {
        for (JsonNode parameter : parameters(operation, "path")) {
            String name = parameter.path("name").asText();
            for (String segment : SEGMENTS) {
                String path = target(operation, Map.of(name, segment));
                add("path " + name, null, operation.method(), path, Map.of(), usual(operation));
            }
        }
        String path = target(operation, Map.of());
        for (String changed : List.of(path + "/", path + "//", "/" + path, path + "/x", path + "%2f", path + ";a=b", path + "?", path + "?%00",
                path.toUpperCase(Locale.ROOT), path + "/..", "/." + path, path + "#x", path + "%20", "/%2e%2e" + path)) {
            add("path", null, operation.method(), changed, Map.of(), usual(operation));
        }
    }

    private void parameters(Operation operation) {
        String path = target(operation, Map.of());
        for (JsonNode parameter : parameters(operation, "query")) {
            String name = parameter.path("name").asText();
            for (String value : SEGMENTS) {
                add("parameter " + name, operation, operation.method(), path + "?" + name + "=" + value, Map.of(), usual(operation));
            }
            for (String query : List.of(name, name + "=", name + "=x&" + name + "=y", name + "[]=1", name + "=1&" + name + "=2;" + name + "=3",
                    "&&&=&" + name + "=x", name + "=x&" + "a&".repeat(900))) {
                add("parameter " + name, operation, operation.method(), path + "?" + query, Map.of(), usual(operation));
            }
        }
        for (String query : List.of("x=%00", "x=%ZZ", "=", "?", "[]", "x=" + "y".repeat(3_500), "CamelHttpResponseCode=500", "CamelHttpPath=/x",
                "body=x", "Content-Length=9")) {
            add("query", null, operation.method(), path + "?" + query, Map.of(), usual(operation));
        }
        add("a URL that is too long", null, operation.method(), path + "?x=" + "y".repeat(20_000), Map.of(), usual(operation), false);
    }

    private void headers(Operation operation) {
        String path = target(operation, Map.of());
        for (String accept : ACCEPTS) {
            add("Accept", operation, operation.method(), path, Map.of("Accept", accept), usual(operation));
        }
        for (JsonNode parameter : parameters(operation, "header")) {
            String name = parameter.path("name").asText();
            for (String value : List.of("", " ", "x".repeat(256), "x".repeat(7_000), "\u00e4\u00f6", "a,b;c=\"")) {
                add("header " + name, operation, operation.method(), path, Map.of(name, value), usual(operation));
            }
        }
        Map.of("Range", "bytes=9-1", "Content-Encoding", "gzip", "Cookie", "=;=;a=\u00e4", "If-None-Match", "\"".repeat(50),
                        "X-Forwarded-For", "\u0080", "Authorization", "Bearer", "X-HTTP-Method-Override", "DELETE", "CamelHttpResponseCode", "500")
                .forEach((name, value) -> add("header " + name, operation, operation.method(), path, Map.of(name, value), usual(operation)));
    }

    /** Lines before the body that the parser refuses; it is one for all operations. */
    private void lines(Operation operation) {
        String path = target(operation, Map.of());
        for (String line : List.of("no colon", ": no name", "a\u0000b: c", "a: b\u0000c", " folded: x", "x: " + "y".repeat(70_000), "Host: [::1", "a b: c")) {
            add("header line", operation.method() + " " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 1\r\n" + line + "\r\n\r\n{");
        }
        for (String line : List.of("get " + path + " HTTP/1.1", "GET" + path + " HTTP/1.1", operation.method() + " " + path, "G\u0000T " + path + " HTTP/1.1",
                operation.method() + " " + path + " HTTP/9.9", operation.method() + " " + path + " HTTP/1.1 x", operation.method() + " http:///" + path + " HTTP/1.1")) {
            add("request line", line + "\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 1\r\n\r\n{");
        }
    }

    private void methods(Operation operation) {
        String path = target(operation, Map.of());
        for (String method : List.of("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "X")) {
            if (description.operations().stream().noneMatch(each -> each.method().equals(method) && matches(each, path))) {
                add("method", null, method, path, Map.of("Content-Type", "application/json"), "{".getBytes(StandardCharsets.UTF_8));
            }
        }
    }

    private static boolean matches(Operation operation, String path) {
        return path.matches(operation.path().replaceAll("\\{\\w+}", "[^/]+"));
    }

    /** Bodies where none belongs. */
    private void needlessBodies(Operation operation) {
        for (byte[] body : List.of(TEXTS.get(0), "[".repeat(DEPTH).getBytes(StandardCharsets.UTF_8), new byte[] {0, -1, -2})) {
            for (String type : List.of("application/json", "multipart/form-data; boundary=x", "multipart/form-data", "")) {
                add("a needless body", null, operation.method(), target(operation, Map.of()), Map.of("Content-Type", type), body);
            }
        }
    }

    private void bodies(Operation operation) {
        String path = target(operation, Map.of());
        description.bodies(operation).forEach((type, schema) -> {
            if (type.startsWith("multipart/")) {
                forms().forEach(form ->
                        add("form", operation, operation.method(), path, Map.of("Content-Type", type + "; boundary=x"), form));
                return;
            }
            List<byte[]> bodies = new ArrayList<>(TEXTS);
            bodies.add(new byte[] {(byte) 0xFF, (byte) 0xFE});
            bodies.add(new byte[] {(byte) 0xC3, 0x28, 0x0A});
            bodies.add("{\"pipeline\":\"nope\"}".getBytes(StandardCharsets.UTF_16LE));
            bodies.add(new byte[] {0x1F, (byte) 0x8B, 8, 0, 0, 0, 0, 0, 0, 0});
            bodies.addAll(wrongTypes(schema));
            bodies.forEach(body -> add("body", operation, operation.method(), path, Map.of("Content-Type", type), body));
            bodies.stream().filter(body -> body.length < 2_000).forEach(body ->
                    add("chunked body", operation, operation.method() + " " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: "
                            + type + "\r\nTransfer-Encoding: chunked\r\n\r\n", chunked(body), true));
        });
        if (description.resolved(operation.text().path("requestBody")).path("required").asBoolean()) {
            add("no body", operation, operation.method(), path, Map.of(), new byte[0]);
            add("no body", operation, operation.method(), path, Map.of("Content-Type", "application/json"), new byte[0]);
        }
    }

    /** Objects in which one key has a value of a type that it may not have. */
    private List<byte[]> wrongTypes(JsonNode schema) {
        List<byte[]> bodies = new ArrayList<>();
        schema.path("properties").properties().forEach(property -> {
            String types = description.resolved(property.getValue()).path("type").toString();
            Map<String, String> values = new LinkedHashMap<>();
            values.put("\"string\"", "\"x\"");
            values.put("\"integer\"", "1");
            values.put("\"number\"", "1e400");
            values.put("\"boolean\"", "true");
            values.put("\"array\"", "[[]]");
            values.put("\"object\"", "{\"a\":{}}");
            values.put("\"null\"", "null");
            values.forEach((type, value) -> {
                if (!types.contains(type)) {
                    String other = property.getKey().equals("pipeline") ? "" : "\"pipeline\":\"nope\",";
                    bodies.addAll(bytes("{" + other + "\"" + property.getKey() + "\":" + value + "}"));
                }
            });
        });
        return bodies;
    }

    private static List<byte[]> forms() {
        String field = "Content-Disposition: form-data; name=\"file\"; filename=\"a.yaml\"\r\n";
        return bytes(
                "", "--x", "--x\r\n", "--x--", "--x--\r\n", "--y\r\n" + field + "\r\na: b\r\n--y--\r\n", "--x\r\n\r\na: b\r\n--x--\r\n", "--x\r\n" + field,
                "--x\r\n" + field + "\r\na: b\r\n--x", "--x\r\n" + field + "\r\n\r\n--x--\r\n",
                "--x\r\nContent-Disposition: form-data\r\n\r\na\r\n--x--\r\n", "--x\r\nContent-Disposition\r\n\r\na\r\n--x--\r\n",
                "--x\r\nContent-Disposition: attachment; filename=a\r\n\r\na\r\n--x--\r\n", "--x\r\n" + "y".repeat(100_000) + "\r\n\r\na\r\n--x--\r\n",
                "--x\r\n" + field + "Content-Type: multipart/mixed; boundary=z\r\n\r\n--z\r\n\r\na\r\n--z--\r\n--x--\r\n",
                "--x\r\n" + field + "Content-Transfer-Encoding: base64\r\n\r\n%%%\r\n--x--\r\n", "--x\r\n" + field + "Content-Transfer-Encoding: nope\r\n\r\na\r\n--x--\r\n",
                "--x\r\n" + field + "Content-Type: text/plain; charset=nope\r\n\r\na\r\n--x--\r\n",
                "--x\r\nContent-Disposition: form-data; name=\"file\"\r\nContent-Type: text/plain; charset=nope\r\n\r\na\r\n--x--\r\n",
                "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"../../a\u0000b\"\r\n\r\n{\r\n--x--\r\n",
                "--x\r\nContent-Disposition: form-data; name=\"file\"; filename*=UTF-8''%ZZ\r\n\r\n{\r\n--x--\r\n",
                "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" + "a".repeat(5_000) + "\"\r\n\r\n{\r\n--x--\r\n",
                "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\"\r\n\r\n{\r\n--x--\r\n",
                "--x\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\n{\r\n--x--\r\n", "--x\r\nContent-Disposition: form-data; name=\"\"\r\n\r\n{\r\n--x--\r\n",
                "--x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n{\r\n--x--\r\n",
                "--x\r\n" + field + "\r\n{\r\n--x\r\n" + field + "\r\n}\r\n--x--\r\n",
                "--x\r\nContent-Disposition: form-data; name=\"CamelHttpResponseCode\"\r\n\r\n500\r\n--x--\r\n",
                "--x\r\n\r\n\r\n".repeat(2_000) + "--x--\r\n", "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n".repeat(2_000) + "--x--\r\n");
    }

    private void types(Operation operation) {
        for (String type : TYPES) {
            add("Content-Type", operation, operation.method(), target(operation, Map.of()), Map.of("Content-Type", type), usual(operation));
        }
    }

    /** What says how long the body is. Most of it the parser refuses. */
    private void lengths(Operation operation) {
        String head = operation.method() + " " + target(operation, Map.of()) + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
        for (String rest : List.of(
                "Content-Length: -1\r\n\r\n{", "Content-Length: abc\r\n\r\n{", "Content-Length: 99999999999999999999\r\n\r\n{", "Content-Length: 5\r\n\r\n{",
                "Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}", "Content-Length: 1, 2\r\n\r\n{", "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n0\r\n\r\n",
                "Transfer-Encoding: chunked\r\n\r\nzz\r\n{\r\n0\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n{", "Transfer-Encoding: chunked\r\n\r\n1\r\n{",
                "Transfer-Encoding: chunked\r\n\r\n-1\r\n{\r\n0\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n1;" + "x".repeat(10_000) + "\r\n{\r\n0\r\n\r\n",
                "Transfer-Encoding: gzip, chunked\r\n\r\n1\r\n{\r\n0\r\n\r\n", "Expect: nonsense\r\nContent-Length: 1\r\n\r\n{",
                "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n0\r\nContent-Length: 5\r\na\u0000: b\r\n\r\n")) {
            add("length", head + rest);
        }
    }

    /** Requests with some bytes changed, of those that could do no harm if they came out whole. */
    private void mutations(Random random) {
        for (Operation operation : description.operations()) {
            byte[] body = usual(operation);
            for (int i = 0; i < 8; i++) {
                byte[] head = head(operation.method(), target(operation, Map.of()), Map.of("Accept", "application/json", "Content-Type", "application/json"), body.length);
                boolean inHead = operation.method().equals("GET");
                byte[] changed = inHead ? head : body.clone();
                // The line that has the connection closed stays: otherwise the answer's end would have to be waited for.
                int until = inHead ? new String(head, StandardCharsets.ISO_8859_1).indexOf("Connection") : body.length;
                for (int changes = 1 + random.nextInt(4); changes > 0 && until > 0; changes--) {
                    changed[random.nextInt(until)] = (byte) random.nextInt(256);
                }
                requests.add(new Request("mutation " + i + " of " + operation, inHead ? changed : joined(head, changed), null, !inHead));
            }
        }
    }

    /** A body that an operation can read, and does nothing. */
    private byte[] usual(Operation operation) {
        String type = String.join(" ", description.bodies(operation).keySet());
        String text = type.isEmpty() ? "" : type.contains("yaml") ? "pipeline: nope\n" : "{\"pipeline\":\"nope\"}";
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private List<JsonNode> parameters(Operation operation, String in) {
        return description.parameters(operation).stream().filter(parameter -> parameter.path("in").asText().equals(in)).toList();
    }

    /** The path with these values in it, and samples for the others. */
    private String target(Operation operation, Map<String, String> values) {
        String path = operation.path();
        for (JsonNode parameter : parameters(operation, "path")) {
            String name = parameter.path("name").asText();
            path = path.replace("{" + name + "}", values.getOrDefault(name, samples.getOrDefault(name, "x")));
        }
        return path;
    }

    private void add(String what, @Nullable Operation operation, String method, String target, Map<String, String> headers, byte[] body) {
        add(what, operation, method, target, headers, body, isUri(target));
    }

    private void add(
            String what, @Nullable Operation operation, String method, String target, Map<String, String> headers, byte[] body, boolean readable) {
        requests.add(new Request(what, joined(head(method, target, headers, body.length), body), operation, readable));
    }

    private void add(String what, Operation operation, String head, byte[] body, boolean readable) {
        requests.add(new Request(what, joined(head.getBytes(StandardCharsets.UTF_8), body), operation, readable));
    }

    /** What is no HTTP. */
    private void add(String what, String text) {
        requests.add(new Request(what, text.getBytes(StandardCharsets.UTF_8), null, false));
    }

    private static byte[] head(String method, String target, Map<String, String> headers, int length) {
        String lines = headers.entrySet().stream().map(header -> header.getKey() + ": " + header.getValue() + "\r\n").sorted().collect(Collectors.joining());
        return (method + " " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + lines
                        + (length > 0 || method.equals("POST") ? "Content-Length: " + length + "\r\n" : "") + "\r\n")
                .getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] chunked(byte[] body) {
        ByteArrayOutputStream chunks = new ByteArrayOutputStream();
        for (int at = 0; at < body.length; at += 7) {
            int length = Math.min(7, body.length - at);
            chunks.writeBytes((Integer.toHexString(length) + "\r\n").getBytes(StandardCharsets.US_ASCII));
            chunks.write(body, at, length);
            chunks.writeBytes("\r\n".getBytes(StandardCharsets.US_ASCII));
        }
        chunks.writeBytes("0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        return chunks.toByteArray();
    }

    /** What is none is answered with a bare 400 by Quarkus, before anything that could say more. */
    private static boolean isUri(String target) {
        try {
            URI.create(target);
            return target.chars().allMatch(c -> c < 128);
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    private static byte[] joined(byte[] one, byte[] other) {
        byte[] joined = Arrays.copyOf(one, one.length + other.length);
        System.arraycopy(other, 0, joined, one.length, other.length);
        return joined;
    }

    private static List<byte[]> bytes(String... texts) {
        return Arrays.stream(texts).map(text -> text.getBytes(StandardCharsets.UTF_8)).toList();
    }
}
