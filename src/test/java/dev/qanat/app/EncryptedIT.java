package dev.qanat.app;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.restassured.specification.RequestSpecification;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** TLS to the database and HTTPS, with certificates of the test's own. */
class EncryptedIT {

    private static final String VERIFIED = "?sslmode=verify-full&sslrootcert=";
    private static final String KEY = "a key of this test alone";
    private static Certificates certificates;
    private static Certificates others;
    private static PostgresServer server;
    private static KeyStore trusted;
    private static int sslPort;

    @BeforeAll
    static void start() throws Exception {
        Path folder = Path.of("target", "homes", "certificates-" + ProcessHandle.current().pid()).toAbsolutePath();
        certificates = Certificates.newAuthority(folder.resolve("ours"));
        others = Certificates.newAuthority(folder.resolve("others"));
        certificates.issue("server", "dns:localhost");
        certificates.issue("https", "dns:localhost,ip:127.0.0.1");
        trusted = trusting(certificates);
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            sslPort = socket.getLocalPort();
        }
        server = PostgresServer.start(18, Map.of(
                "ssl", "on",
                "ssl_cert_file", certificates.certificate("server").toString(),
                "ssl_key_file", certificates.key("server").toString()));
        server.newDatabase("rows");
        // What is not encrypted gets into no other database than the test's own way in.
        Files.writeString(server.data().resolve("pg_hba.conf"), "hostssl all all 127.0.0.1/32 trust\nhostnossl postgres all 127.0.0.1/32 trust\n");
        server.execute("postgres", "SELECT pg_reload_conf()");
    }

    @AfterAll
    static void stop() throws IOException {
        if (server != null) {
            server.close();
        }
    }

    private static String url(String host, Certificates trusted) {
        return "postgresql://postgres@" + host + ":" + server.port() + "/rows" + VERIFIED + trusted.authority();
    }

    @Test
    void every_connection_to_the_database_is_encrypted_and_what_answers_is_verified() throws Exception {
        try (Qanat qanat = secured().with("DATABASE_URL", url("localhost", certificates))) {
            qanat.launch();
            qanat.await("it is ready over HTTPS", () -> ready(qanat));
            assertServedOverHttps(qanat);
            // Those of the data API, which has a pool of its own, are among them: the server lets in no others.
            assertThat(server.value("postgres", "SELECT count(*) > 1 AND bool_and(ssl) FROM pg_stat_activity JOIN pg_stat_ssl USING (pid)"
                            + " WHERE datname = 'rows' AND backend_type = 'client backend'"))
                    .isEqualTo("t");
            assertBackedUp(qanat);
        }
    }

    private static Qanat secured() throws IOException {
        return Qanat.fresh("secured")
                .with("QUARKUS_HTTP_SSL_CERTIFICATE_FILES", certificates.certificate("https").toString())
                .with("QUARKUS_HTTP_SSL_CERTIFICATE_KEY_FILES", certificates.key("https").toString())
                .with("QUARKUS_HTTP_SSL_PORT", Integer.toString(sslPort))
                .with("QUARKUS_HTTP_INSECURE_REQUESTS", "disabled")
                .with("QANAT_API_KEY", KEY);
    }

    private static void assertServedOverHttps(Qanat qanat) throws Exception {
        String pipeline = "{ pipeline: prices, sources: { drops: { type: files } }, resources: [ { name: prices } ] }";
        assertThat(https().contentType("application/yaml").body(pipeline.getBytes(StandardCharsets.UTF_8)).post("/upload-config").statusCode()).isEqualTo(201);
        qanat.drop("prices", "prices.csv", "sku,price\na,1\n");
        qanat.await("it is loaded", () -> "succeeded".equals(https().get("/runs?pipeline=prices").jsonPath().getString("items[0].status")));
        assertThat(https().get("/api/v1/data/silver.prices?select=sku").jsonPath().getList("items.sku")).containsExactly("a");
        assertThatThrownBy(() -> qanat.request().get("/api/v1/health")).isInstanceOf(ConnectException.class);
        KeyStore otherwise = trusting(others);
        assertThatThrownBy(() -> https(otherwise).get("/api/v1/health")).hasStackTraceContaining("PKIX path");
        assertThat(https(trusted).get("/runs").statusCode()).isEqualTo(401);
    }

    /** The programs beside the server go by the same settings. */
    private static void assertBackedUp(Qanat qanat) throws Exception {
        ProcessBuilder backup = new ProcessBuilder("bin/backup", qanat.home().resolve("backup.zip").toString()).inheritIO();
        backup.environment().putAll(qanat.environment());
        backup.environment().put("JAVA_HOME", System.getProperty("java.home"));
        assertThat(backup.start().waitFor()).isZero();
    }

    @Test
    void a_database_that_another_authority_vouches_for_is_refused_at_once() throws Exception {
        assertThat(refusal(Qanat.fresh("other-authority").with("DATABASE_URL", url("localhost", others))))
                .contains("invalid_setting: the database localhost:" + server.port() + "/rows cannot be trusted", "PKIX path");
    }

    @Test
    void a_database_of_another_name_is_refused_at_once() throws Exception {
        assertThat(refusal(Qanat.fresh("other-name").with("DATABASE_URL", url("127.0.0.1", certificates))))
                .contains("invalid_setting: the database 127.0.0.1:" + server.port() + "/rows cannot be trusted", "hostname 127.0.0.1");
    }

    @Test
    void a_connection_that_is_not_encrypted_is_refused_by_the_server() throws Exception {
        String plain = "postgresql://postgres@localhost:" + server.port() + "/rows?sslmode=disable";
        assertThat(refusal(Qanat.fresh("plain").with("DATABASE_URL", plain))).contains("refuses the connection", "no encryption");
    }

    @Test
    void https_lets_nobody_else_in_without_a_key_either() throws Exception {
        Qanat open = secured().with("QUARKUS_HTTP_HOST", "0.0.0.0").with("QANAT_API_KEY", "");
        assertThat(refusal(open)).contains("open_without_credentials: quarkus.http.host is 0.0.0.0");
    }

    @Test
    void a_server_that_does_not_encrypt_is_refused_at_once() throws Exception {
        try (PostgresServer plain = PostgresServer.start(15, Map.of())) {
            String url = "postgresql://postgres@localhost:" + plain.port() + "/postgres" + VERIFIED + certificates.authority();
            assertThat(refusal(Qanat.fresh("no-tls").with("DATABASE_URL", url))).contains("refuses the connection", "does not support SSL");
        }
    }

    private static String refusal(Qanat qanat) throws Exception {
        try (qanat) {
            qanat.launch();
            assertThat(qanat.process().waitFor(30, TimeUnit.SECONDS)).as(qanat.logText()).isTrue();
            assertThat(qanat.process().exitValue()).isEqualTo(1);
            return qanat.logText();
        }
    }

    private static boolean ready(Qanat qanat) {
        assertThat(qanat.process().isAlive()).as(qanat.logText()).isTrue();
        try {
            return https().get("/q/health/ready").statusCode() == 200;
        } catch (Exception e) {
            // RestAssured throws what its client throws, undeclared.
            return false;
        }
    }

    private static RequestSpecification https() {
        return https(trusted).header("X-API-Key", KEY);
    }

    private static RequestSpecification https(KeyStore trusting) {
        return given().baseUri("https://localhost").port(sslPort).trustStore(trusting);
    }

    private static KeyStore trusting(Certificates authority) throws Exception {
        KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
        trusted.load(null, null);
        try (var bytes = Files.newInputStream(authority.authority())) {
            trusted.setCertificateEntry("ca", CertificateFactory.getInstance("X.509").generateCertificate(bytes));
        }
        return trusted;
    }
}
