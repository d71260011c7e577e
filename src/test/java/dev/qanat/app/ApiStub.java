package dev.qanat.app;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;

/** An API on loopback whose answers a test scripts. It notes every request, with its own clock. */
final class ApiStub implements AutoCloseable {

    /** A request that came. */
    record Came(long nanos, String method, String path, String query, Map<String, List<String>> headers, String body) {

        private String folder() {
            return path.split("/", 3)[1];
        }

        /** The value of a header; empty where there is none. */
        String header(String name) {
            return headers.entrySet().stream()
                    .filter(header -> header.getKey().equalsIgnoreCase(name))
                    .map(header -> header.getValue().get(0))
                    .findFirst()
                    .orElse("");
        }

        /** The value of a parameter of the query as it stands in the URL; empty where there is none. */
        String parameter(String name) {
            for (String part : query.split("&")) {
                if (part.startsWith(name + "=")) {
                    return part.substring(name.length() + 1);
                }
            }
            return "";
        }
    }

    /**
     * What is answered.
     *
     * @param delayMillis before it begins
     * @param pieces into which the body is cut; between two of them {@code pauseMillis} pass
     * @param kept so many bytes of the body are sent, and then the connection is cut; -1 for all of them
     * @param chunked whether its length is not told
     */
    record Said(
            int status,
            Map<String, String> headers,
            byte[] body,
            long delayMillis,
            int pieces,
            long pauseMillis,
            int kept,
            boolean chunked) {

        static Said json(String body) {
            return of(200, "application/json", body);
        }

        static Said of(int status, String type, String body) {
            return of(status, Map.of("Content-Type", type), body.getBytes(StandardCharsets.UTF_8));
        }

        static Said of(int status, Map<String, String> headers, byte[] body) {
            return new Said(status, headers, body, 0, 1, 0, -1, false);
        }

        Said with(String name, String value) {
            Map<String, String> more = new LinkedHashMap<>(headers);
            more.put(name, value);
            return new Said(status, more, body, delayMillis, pieces, pauseMillis, kept, chunked);
        }

        Said after(long millis) {
            return new Said(status, headers, body, millis, pieces, pauseMillis, kept, chunked);
        }

        /** Byte by byte. */
        Said dripping(long millis) {
            return new Said(status, headers, body, delayMillis, Math.max(1, body.length), millis, kept, chunked);
        }

        Said cutAfter(int bytes) {
            return new Said(status, headers, body, delayMillis, pieces, pauseMillis, bytes, chunked);
        }

        Said inChunks() {
            return new Said(status, headers, body, delayMillis, pieces, pauseMillis, kept, true);
        }

        private void write(OutputStream out) throws IOException, InterruptedException {
            int size = (body.length + pieces - 1) / pieces;
            for (int at = 0; at < body.length; at += size) {
                if (at > 0) {
                    Thread.sleep(pauseMillis);
                }
                int end = Math.min(at + size, kept < 0 ? body.length : kept);
                out.write(body, at, end - at);
                out.flush();
                if (end == kept) {
                    throw new IOException("cut, as the script says");
                }
            }
        }
    }

    private final HttpServer server;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final List<Came> requests = new CopyOnWriteArrayList<>();
    private final Map<String, Function<Came, Said>> scripts = new ConcurrentHashMap<>();
    private volatile Function<Came, Said> script;

    ApiStub(Function<Came, Said> script) throws IOException {
        this(0, script);
    }

    /** @param port where it listens; 0 for one that is free */
    ApiStub(int port, Function<Came, Said> script) throws IOException {
        this.script = script;
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 512);
        server.setExecutor(threads);
        server.createContext("/", this::answer);
        server.start();
    }

    void script(Function<Came, Said> next) {
        script = next;
    }

    /** Answers requests below {@link #url(String)}, whatever those elsewhere are answered. */
    void script(String folder, Function<Came, Said> next) {
        scripts.put(folder, next);
    }

    /** An exchange that is not closed breaks its connection. */
    private void answer(HttpExchange exchange) throws IOException {
        Came came = new Came(
                System.nanoTime(),
                exchange.getRequestMethod(),
                exchange.getRequestURI().getRawPath(),
                String.valueOf(exchange.getRequestURI().getRawQuery()),
                Map.copyOf(exchange.getRequestHeaders()),
                new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
        requests.add(came);
        Said said = scripts.getOrDefault(came.folder(), script).apply(came);
        try {
            if (said.delayMillis() > 0) {
                Thread.sleep(said.delayMillis());
            }
            said.headers().forEach((name, value) -> exchange.getResponseHeaders().add(name, value));
            exchange.sendResponseHeaders(said.status(), said.body().length == 0 ? -1 : said.chunked() ? 0 : said.body().length);
            said.write(exchange.getResponseBody());
            exchange.close();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    /** The URL of a folder with a script of its own. */
    String url(String folder) {
        return url() + "/" + folder;
    }

    /** The requests so far, in the order in which they came. */
    List<Came> requests() {
        return List.copyOf(requests);
    }

    /** Those below {@link #url(String)}. */
    List<Came> requests(String folder) {
        return requests.stream().filter(came -> came.folder().equals(folder)).toList();
    }

    void forget() {
        requests.clear();
    }

    void forget(String folder) {
        requests.removeIf(came -> came.folder().equals(folder));
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
