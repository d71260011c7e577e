package dev.qanat.app;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;

/** An API on loopback whose answers a test scripts. It notes every request, with its own clock. */
final class ApiStub implements AutoCloseable {

    /** A request that came. */
    record Came(long nanos, String method, String path, String query, Map<String, List<String>> headers, String body) {

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

    /** What is answered. */
    record Said(int status, Map<String, String> headers, byte[] body, long delayMillis) {

        static Said json(String body) {
            return of(200, "application/json", body);
        }

        static Said of(int status, String type, String body) {
            return new Said(status, Map.of("Content-Type", type), body.getBytes(StandardCharsets.UTF_8), 0);
        }

        Said with(String name, String value) {
            Map<String, String> more = new LinkedHashMap<>(headers);
            more.put(name, value);
            return new Said(status, more, body, delayMillis);
        }

        Said after(long millis) {
            return new Said(status, headers, body, millis);
        }
    }

    private final HttpServer server;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final List<Came> requests = new CopyOnWriteArrayList<>();
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

    private void answer(HttpExchange exchange) throws IOException {
        long now = System.nanoTime();
        try (exchange) {
            Came came = new Came(
                    now,
                    exchange.getRequestMethod(),
                    exchange.getRequestURI().getRawPath(),
                    String.valueOf(exchange.getRequestURI().getRawQuery()),
                    Map.copyOf(exchange.getRequestHeaders()),
                    new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
            requests.add(came);
            Said said = script.apply(came);
            if (said.delayMillis() > 0) {
                Thread.sleep(said.delayMillis());
            }
            said.headers().forEach((name, value) -> exchange.getResponseHeaders().add(name, value));
            exchange.sendResponseHeaders(said.status(), said.body().length == 0 ? -1 : said.body().length);
            try (OutputStream body = exchange.getResponseBody()) {
                body.write(said.body());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    /** The requests so far, in the order in which they came. */
    List<Came> requests() {
        return List.copyOf(requests);
    }

    void forget() {
        requests.clear();
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
