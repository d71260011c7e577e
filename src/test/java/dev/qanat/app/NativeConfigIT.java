package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * What the application reaches by a name while it is used, compared with what a native image made of it would hold: {@code
 * target/native-sources}, which the build leaves there. {@code src/test/resources/native/left-out.yaml} says what need not be held, and why.
 */
class NativeConfigIT {

    private static final Path WORK = Path.of("target/reach").toAbsolutePath();
    private static final Path LEFT_OUT = Path.of("src/test/resources/native/left-out.yaml");
    private static NativeConfig image;
    private static List<Reach> reached;

    /**
     * @param kind as {@link Reached#note} has it, or {@code initialized}
     * @param by who asked for it
     * @param caller who called the JDK: the same, or a part of the JDK
     */
    private record Reach(String kind, String what, String by, String caller) {
        static Reach parse(String line) {
            String[] parts = line.split("\t");
            return new Reach(parts[0], parts[1], parts[2], parts[parts.length - 1]);
        }
    }

    private record LeftOut(String kind, String what, String by, String because) {
        boolean is(Reach reach) {
            return kind.equals(reach.kind) && reach.what.matches(what) && reach.by.matches(by);
        }
    }

    @BeforeAll
    static void run() throws Exception {
        image = new NativeConfig(Path.of("target/native-sources"));
        Path file = WORK.resolve("reached.tsv");
        try (Qanat qanat = Qanat.fresh("reach")
                .with("JAVA_TOOL_OPTIONS", ReachAgent.option(WORK, file))
                .with("QANAT_DEMO", "true")
                .with("QANAT_PIPELINES", "pipelines")
                .with("QANAT_TRANSFORM", "transform")
                .start()) {
            use(qanat);
            qanat.stop();
            assertThat(qanat.logText()).as("the agent watches all it should").doesNotContain("[Byte Buddy] ERROR");
        }
        reached = Files.readAllLines(file).stream().map(Reach::parse).toList();
    }

    /** Loads of all formats, polls, models, and every part of what is served. */
    private static void use(Qanat qanat) {
        for (String pipeline : List.of("branch_sales", "web_events", "price_list", "fx_rates", "retail")) {
            assertThat(qanat.awaitRun(pipeline).getString("status")).isEqualTo("succeeded");
        }
        String run = qanat.awaitRun("branch_sales").getString("id");
        for (String path : List.of(
                "/configs", "/configs/retail", "/configs/retail/versions", "/configs/retail/versions/1", "/schemas/pipeline.json", "/runs", "/runs/" + run,
                "/runs/" + run + "/models", "/runs/" + run + "/rejections", "/runs/" + run + "/events", "/schedules", "/routes", "/api/v1/lineage",
                "/api/v1/data/silver.sales?qty=gte.2&order=sku&select=sku,qty", "/api/v1/data/gold.sales_by_category", "/api/v1/products?page=1",
                "/api/v1/products/1", "/api/v1/health", "/q/health", "/q/metrics", "/q/openapi", "/q/openapi.json", "/docs/", "/redoc/", "/keys", "/audit")) {
            assertThat(qanat.request().get(path).statusCode()).as(path).isEqualTo(200);
        }
        for (String type : List.of("text/csv", "application/x-ndjson")) {
            assertThat(qanat.request().accept(type).get("/api/v1/data/silver.sales").statusCode()).isEqualTo(200);
        }
        assertThat(qanat.request().accept("text/csv").get("/runs/" + run + "/rejections").statusCode()).isEqualTo(200);
        assertThat(qanat.request().get("/nowhere").statusCode()).isEqualTo(404);
        assertThat(qanat.request().contentType("application/merge-patch+json").body("{\"price\": 65.00}").patch("/api/v1/products/9").statusCode())
                .isEqualTo(200);
        assertThat(qanat.request().contentType("application/json").body(Map.of("pipeline", "retail", "every", "PT1H")).post("/schedule-job").statusCode())
                .isEqualTo(200);
        assertThat(qanat.request().contentType("application/json").body(Map.of("pipeline", "fx_rates")).queryParam("wait", "PT30S").post("/trigger-job").statusCode())
                .isEqualTo(202);
        assertThat(qanat.request().contentType("application/json").body(Map.of("name", "reader", "role", "admin")).post("/keys").statusCode())
                .isEqualTo(201);
    }

    @Test
    void what_is_reached_by_a_name_is_in_the_image() throws IOException {
        List<LeftOut> leftOut = new ObjectMapper(new YAMLFactory()).readValue(LEFT_OUT.toFile(), new TypeReference<>() {});
        assertThat(leftOut).allSatisfy(one -> assertThat(one.because()).isNotBlank());
        List<Reach> missing = new ArrayList<>();
        for (Reach reach : reached) {
            if (!isInImage(reach) && leftOut.stream().noneMatch(one -> one.is(reach))) {
                missing.add(reach);
            }
        }
        assertThat(missing).isEmpty();
        assertThat(reached.stream().map(Reach::kind)).contains("class", "loaded", "member", "resource", "proxy");
    }

    private static boolean isInImage(Reach reach) throws IOException {
        String what = reach.what();
        return switch (reach.kind()) {
            // The JDK reads annotations, signatures and interfaces of proxies by name, which an image has in another form.
            case "class" -> isJdk(reach.caller()) || image.knows(what) || image.names(reach.by(), what);
            // Who loads no class explicitly is being linked; so is who names the class.
            case "loaded" -> !image.has(what) || !image.names(reach.by(), "loadClass") || image.names(reach.by(), what) || image.knows(what);
            case "member" -> isMade(what) || image.reaches(what) || isConstant(reach);
            case "resource" -> image.holds(what);
            // The compiler finds proxies of interfaces that are constants; annotations are its own.
            case "proxy" -> reach.caller().startsWith("sun.reflect.") || image.makesProxies(what) || image.names(reach.by(), what.split(",")[0]);
            case "initialized" -> image.initializesAtStart(what);
            default -> false;
        };
    }

    /** Lambdas and proxies are made with the image; the values of an enumeration are in it. */
    private static boolean isMade(String member) {
        return member.contains("$$Lambda") || member.contains(".$Proxy") || member.endsWith("#values()");
    }

    /** The compiler registers by itself what is looked up with constants: both names stand in who looks it up. */
    private static boolean isConstant(Reach reach) throws IOException {
        String[] parts = reach.what().split("#");
        return image.names(reach.by(), parts[0]) && image.names(reach.by(), parts[1].replaceFirst("\\(.*", ""));
    }

    private static boolean isJdk(String type) {
        return type.startsWith("java.") || type.startsWith("sun.") || type.startsWith("jdk.");
    }

    @Test
    void without_a_database_a_native_image_says_what_to_set() throws Exception {
        try (Qanat qanat = Qanat.fresh("native").with("JAVA_TOOL_OPTIONS", "-Dorg.graalvm.nativeimage.imagecode=runtime").launch()) {
            assertThat(qanat.process().waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(qanat.process().exitValue()).isEqualTo(1);
            assertThat(qanat.logText()).contains("invalid_setting: a native image has no PostgreSQL of its own; set DATABASE_URL to one of yours");
        }
    }
}
