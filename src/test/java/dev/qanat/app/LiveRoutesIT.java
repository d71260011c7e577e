package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.restassured.path.json.JsonPath;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/**
 * Route and pipeline files are edited, broken, mended, renamed and deleted while files are dropped all the time, small ones and some
 * that take a while; the last test asks what became of them.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class LiveRoutesIT {

    /** Five seconds are promised; twice as many are allowed here, since other tests run beside. */
    private static final Duration AT_ONCE = Duration.ofSeconds(10);
    private static final Duration AFTER_LOADS = Duration.ofSeconds(60);
    private static final List<String> PIPELINES = List.of("live_a", "live_b", "live_c");
    private static final int BIG = 60_000;
    private static final Queue<Dropped> DROPPED = new ConcurrentLinkedQueue<>();

    private static Qanat qanat;
    private static Path routes;
    private static Path pipelines;
    private static Thread feeder;
    private static volatile boolean feeding = true;
    private static volatile Exception feederFailed;

    private record Dropped(String pipeline, String name, int rows) {}

    @BeforeAll
    static void start() throws IOException {
        qanat = Qanat.fresh("live");
        routes = qanat.home().resolve("routes");
        pipelines = Files.createDirectories(qanat.home().resolve("pipelines"));
        Path ours = Path.of("routes");
        try (Stream<Path> files = Files.walk(ours)) {
            for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
                Path copy = routes.resolve(ours.relativize(file).toString());
                Files.createDirectories(copy.getParent());
                Files.copy(file, copy);
            }
        }
        for (String pipeline : PIPELINES) {
            Files.writeString(pipelines.resolve(pipeline + ".yaml"), pipeline(pipeline, ""));
        }
        Files.writeString(routes.resolve("bad-at-start.yaml"), http("bad-at-start", "x").replace("uri:", "uri: ["));
        Files.writeString(routes.resolve("steady.yaml"), http("steady", "steady"));
        qanat.with("QANAT_ROUTES", routes.toString()).with("QANAT_PIPELINES", pipelines.toString()).start();
        feeder = new Thread(LiveRoutesIT::feed, "feeder");
        feeder.start();
    }

    @AfterAll
    static void stop() throws InterruptedException {
        feeding = false;
        if (feeder != null) {
            feeder.join();
        }
        if (qanat != null) {
            qanat.close();
        }
    }

    private static void feed() {
        try {
            for (int file = 0; feeding; file++) {
                String pipeline = PIPELINES.get(file % PIPELINES.size());
                int rows = file % 20 == 7 ? BIG : 20;
                drop(pipeline, "f%05d.csv".formatted(file), Integer.toString(file), rows);
                Thread.sleep(400);
            }
        } catch (IOException | InterruptedException e) {
            feederFailed = e;
        }
    }

    private static void drop(String pipeline, String name, String id, int rows) throws IOException {
        StringBuilder text = new StringBuilder("id,name\n");
        for (int row = 0; row < rows; row++) {
            text.append(id).append('-').append(row).append(",name of ").append(row).append('\n');
        }
        qanat.drop(pipeline, name, text.toString());
        DROPPED.add(new Dropped(pipeline, name, rows));
    }

    // What a user writes

    private static String pipeline(String name, String more) {
        return """
                pipeline: %1$s
                sources: { drops: { type: files } }
                resources:
                  - name: %1$s
                    schema: { id: text, name: text }
                """.formatted(name) + more;
    }

    private static String http(String id, String answer, String... steps) {
        StringBuilder route = new StringBuilder("""
                - route:
                    id: %1$s
                    from:
                      uri: platform-http:/live/%1$s
                      steps:
                """.formatted(id));
        for (String step : steps) {
            route.append("        - ").append(step).append('\n');
        }
        return route.append("        - setBody: { constant: ").append(answer).append(" }\n").toString();
    }

    private static Path write(String name, String text) throws IOException {
        Path file = routes.resolve(name);
        Files.createDirectories(file.getParent());
        return Files.writeString(file, text);
    }

    private static void edit(String name, UnaryOperator<String> change) throws IOException {
        Path file = routes.resolve(name);
        String before = Files.readString(file);
        String after = change.apply(before);
        assertThat(after).isNotEqualTo(before);
        Files.writeString(file, after);
    }

    // What a user sees

    private static void soon(String what, BooleanSupplier condition) {
        qanat.await(what, AT_ONCE, condition);
    }

    private static String get(String id) {
        return qanat.request().get("/live/" + id).asString();
    }

    private static void answers(String id, String answer) {
        soon("/live/" + id + " answers " + answer, () -> get(id).equals(answer));
    }

    private static void isGone(String id) {
        soon("/live/" + id + " is gone", () -> qanat.request().get("/live/" + id).statusCode() == 404);
    }

    private static List<Map<String, Object>> items() {
        return qanat.request().queryParam("limit", 1000).get("/routes").jsonPath().getList("items");
    }

    private static Stream<Map<String, Object>> itemsOf(String file) {
        return items().stream().filter(item -> file.equals(item.get("file")));
    }

    /** The file's error, as the log and the list of routes tell it; the health check names the file. */
    private static String told(String file, String... parts) {
        String pattern = "Route file " + Pattern.quote(file) + " was not loaded: (?=[^\\n]*"
                + String.join("[^\\n]*", Stream.of(parts).map(Pattern::quote).toList()) + ")";
        soon(file + " is told to be faulty", () -> itemsOf(file)
                .anyMatch(item -> Stream.of(parts).allMatch(String.valueOf(item.get("last_error"))::contains)));
        String error = String.valueOf(itemsOf(file).findFirst().orElseThrow().get("last_error"));
        JsonPath health = qanat.request().get("/q/health").then().statusCode(200).extract().jsonPath();
        Map<String, Object> data = health.getMap("checks.find { it.name == 'routes' }.data");
        assertThat(data).containsEntry(file, "not loaded; GET /routes says why");
        assertThat(qanat.logText().replaceAll("\\R(?!\\d\\d:\\d\\d:)", " ")).containsPattern(pattern);
        return error;
    }

    private static void isForgiven(String file) {
        isForgiven(file, AT_ONCE);
    }

    private static void isForgiven(String file, Duration patience) {
        qanat.await(file + " is not faulty any more", patience, () -> itemsOf(file).noneMatch(item -> item.get("last_error") != null)
                && !qanat.request().get("/q/health").asString().contains(file));
    }

    private static long count(String text) {
        Matcher found = Pattern.compile(Pattern.quote(text)).matcher(qanat.logText());
        return found.results().count();
    }

    private static void loadsGoOn() {
        long landed = landed();
        qanat.await("files are loaded", AFTER_LOADS, () -> landed() > landed + 3);
    }

    private static long landed() {
        return Long.parseLong(sql("SELECT count(*) FROM qanat.run WHERE status = 'succeeded'"));
    }

    private static String sql(String query) {
        try {
            return qanat.value(query);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    // Plain routes

    @Test
    void a_route_is_added_edited_broken_mended_renamed_and_deleted() throws IOException {
        write("hello.yaml", http("hello", "one"));
        answers("hello", "one");
        write("hello.yaml", http("hello", "two"));
        answers("hello", "two");
        write("hello.yaml", http("hello", "three").replace("steps:", "steps: ["));
        told("hello.yaml", "line 6", "last good version is running");
        assertThat(get("hello")).isEqualTo("two");
        write("hello.yaml", http("hello", "four"));
        answers("hello", "four");
        isForgiven("hello.yaml");
        Files.move(routes.resolve("hello.yaml"), routes.resolve("bonjour.yaml"));
        soon("the route is of the renamed file", () -> itemsOf("bonjour.yaml").anyMatch(item -> "hello".equals(item.get("id"))));
        assertThat(get("hello")).isEqualTo("four");
        assertThat(itemsOf("hello.yaml")).isEmpty();
        Files.delete(routes.resolve("bonjour.yaml"));
        isGone("hello");
        assertThat(itemsOf("bonjour.yaml")).isEmpty();
        assertThat(count("Route file bonjour.yaml was not loaded")).isZero();
    }

    @Test
    void a_broken_file_of_before_the_start_is_mended_or_deleted() throws IOException {
        told("bad-at-start.yaml", "line 4");
        write("bad-at-start.yaml", http("bad-at-start", "good"));
        answers("bad-at-start", "good");
        isForgiven("bad-at-start.yaml");
        write("bad-too.yaml", "- rout:\n");
        told("bad-too.yaml", "rout");
        Files.delete(routes.resolve("bad-too.yaml"));
        soon("nothing is told of a deleted file", () -> itemsOf("bad-too.yaml").findAny().isEmpty());
    }

    @Test
    void new_folders_and_files_moved_into_place_are_seen_and_the_files_of_editors_are_not() throws IOException, InterruptedException {
        Path aside = Files.writeString(qanat.home().resolve("aside"), http("moved", "one"));
        Files.createDirectories(routes.resolve("team/new"));
        Files.move(aside, routes.resolve("team/new/moved.yaml"), StandardCopyOption.ATOMIC_MOVE);
        answers("moved", "one");
        for (String name : List.of(".moved.yaml", ".#moved.yaml", "moved.yaml~", ".moved.yaml.swp", "#moved.yaml#")) {
            write("team/new/" + name, http("never", "never").replace("steps", "stops"));
        }
        // Truncated first, written 300 ms later; five times, so that a look falls between.
        for (int time = 0; time < 5; time++) {
            write("team/new/moved.yaml", "");
            Thread.sleep(300);
            write("team/new/moved.yaml", http("moved", "time" + time));
            Thread.sleep(900);
        }
        answers("moved", "time4");
        assertThat(items()).extracting(item -> item.get("id")).doesNotContain("never");
        assertThat(count("Route file team/new/moved.yaml was not loaded")).isZero();
        assertThat(count("Route file team/new/moved.yaml is gone")).isZero();
        assertThat(qanat.logText()).doesNotContain("yaml~", ".#moved", "swp", "#moved.yaml#");
    }

    @Test
    void of_two_files_that_change_at_once_the_good_one_counts() throws IOException {
        write("pair-a.yaml", http("pair-a", "one"));
        write("pair-b.yaml", http("pair-b", "one"));
        answers("pair-b", "one");
        write("pair-a.yaml", http("pair-a", "two", "to: nosuchcomponent:there"));
        write("pair-b.yaml", http("pair-b", "two"));
        answers("pair-b", "two");
        told("pair-a.yaml", "nosuchcomponent");
        assertThat(get("pair-a")).isEqualTo("one");
    }

    // What fails at the start of a route

    @Test
    void a_route_that_cannot_start_leaves_the_last_good_one() throws IOException {
        write("other.yaml", http("other", "other"));
        write("starting.yaml", http("start", "good"));
        answers("start", "good");
        answers("other", "other");
        Map<String, String> faults = Map.of(
                http("start", "bad", "to: nosuchcomponent:there"), "nosuchcomponent",
                http("start", "bad").replace("/live/start", "/live/other"), "/live/other",
                http("other", "bad"), "the route id 'other' is taken by other.yaml; give the route another id",
                http("start", "bad", "bean: { ref: nobodysBean, method: go }"), "nobodysBean",
                http("start", "bad", "to: timer:x?nosuchoption=1"), "nosuchoption",
                "- templatedRoute: { routeTemplateRef: nobodysTemplate, routeId: start }\n", "nobodysTemplate");
        for (Map.Entry<String, String> fault : faults.entrySet()) {
            write("starting.yaml", fault.getKey());
            told("starting.yaml", fault.getKey().contains("template") ? "" : "line ", fault.getValue(), "last good version is running");
            assertThat(get("start")).as(fault.getKey()).isEqualTo("good");
            assertThat(get("other")).as(fault.getKey()).isEqualTo("other");
        }
        // What was good is no fault of the file any more once the other gives way.
        write("starting.yaml", http("other", "taken over"));
        told("starting.yaml", "taken by other.yaml");
        Files.delete(routes.resolve("other.yaml"));
        answers("other", "taken over");
        isForgiven("starting.yaml");
        isGone("start");
    }

    @Test
    void a_trigger_of_a_route_that_went_does_not_fire_again() throws IOException, InterruptedException {
        String ticking = """
                - route:
                    id: ticking
                    from:
                      uri: quartz:live/ticking
                      parameters: { trigger.repeatInterval: 200, trigger.repeatCount: -1 }
                      steps:
                        - log: "it ticks"
                """;
        write("ticking.yaml", ticking);
        soon("it ticks", () -> count("it ticks") > 2);
        write("ticking.yaml", ticking.replace("it ticks", "it tocks"));
        soon("it tocks", () -> count("it tocks") > 2);
        long ticks = count("it ticks");
        Files.delete(routes.resolve("ticking.yaml"));
        soon("the route is gone", () -> itemsOf("ticking.yaml").findAny().isEmpty());
        Thread.sleep(300);
        long tocks = count("it tocks");
        Thread.sleep(2_000);
        assertThat(count("it tocks")).isEqualTo(tocks);
        assertThat(count("it ticks")).isEqualTo(ticks);
        write("ticking.yaml", ticking);
        soon("it ticks again", () -> count("it ticks") > ticks + 2);
        Files.delete(routes.resolve("ticking.yaml"));
        soon("the route is gone", () -> itemsOf("ticking.yaml").findAny().isEmpty());
    }

    // At work

    @Test
    void a_route_at_work_is_pending_and_is_replaced_when_it_has_ended_and_nothing_else_waits() throws Exception {
        write("slow.yaml", http("slow", "one", "delay: { constant: \"8000\" }"));
        soon("the slow route is there", () -> itemsOf("slow.yaml").findAny().isPresent());
        CompletableFuture<String> asked = CompletableFuture.supplyAsync(() -> get("slow"));
        Thread.sleep(500);
        write("slow.yaml", http("slow", "two"));
        soon("it is pending", () -> itemsOf("slow.yaml").anyMatch(item -> "pending".equals(item.get("status"))));
        write("beside.yaml", http("beside", "beside"));
        answers("beside", "beside");
        assertThat(asked).isNotDone();
        assertThat(asked.get()).isEqualTo("one");
        soon("it is replaced", () -> itemsOf("slow.yaml").allMatch(item -> "started".equals(item.get("status"))));
        assertThat(get("slow")).isEqualTo("two");
    }

    // Templates, configurations, and the engine's own files

    @Test
    void an_instance_follows_its_template_and_a_template_that_does_not_do_is_put_back() throws IOException {
        String template = """
                - routeTemplate:
                    id: greeting
                    parameters: [ { name: who } ]
                    route:
                      from:
                        uri: platform-http:/live/greet-{{who}}
                        steps:
                          - setBody: { constant: "Hello {{who}}" }
                """;
        String instances = "- templatedRoute: { routeTemplateRef: greeting, routeId: greet-ann, parameters: [ { name: who, value: ann } ] }\n";
        write("examples/greet.yaml", instances);
        told("examples/greet.yaml", "greeting");
        write("examples/greeting.yaml", template);
        answers("greet-ann", "Hello ann");
        isForgiven("examples/greet.yaml");
        write("examples/greeting.yaml", template.replace("Hello", "Bonjour"));
        answers("greet-ann", "Bonjour ann");
        write("examples/greeting.yaml", template.replace("{ name: who }", "{ name: who }, { name: mood }").replace("Hello", "Moin"));
        told("examples/greeting.yaml", "examples/greet.yaml fails with it", "mood");
        assertThat(get("greet-ann")).isEqualTo("Bonjour ann");
        write("examples/greet.yaml", instances.replace("ann", "bob"));
        answers("greet-bob", "Bonjour bob");
        isGone("greet-ann");
        Files.delete(routes.resolve("examples/greet.yaml"));
        isGone("greet-bob");
    }

    @Test
    void the_engines_files_follow_their_edits_between_loads() throws IOException {
        for (Map.Entry<String, String> step : Map.of(
                        "inbox.camel.yaml", "                          - bean: { ref: inbox, method: queue }",
                        "workers.camel.yaml", "                        - to: direct:load-file",
                        "load-file.camel.yaml", "                    - bean: { ref: contract, method: check }",
                        "landing.camel.yaml", "        - bean: { ref: landing, method: staged }",
                        "errors.camel.yaml", "            - bean: { ref: reply, method: problem }")
                .entrySet()) {
            String file = step.getKey();
            String line = step.getValue().stripTrailing();
            String stripped = line.strip();
            edit(file, text -> {
                Matcher at = Pattern.compile("(?m)^( *)" + Pattern.quote(stripped) + ".*$").matcher(text);
                assertThat(at.find()).as("%s in %s", stripped, file).isTrue();
                return text.substring(0, at.start()) + at.group(1) + "- log: \"passes " + file + "\"\n" + text.substring(at.start());
            });
            qanat.await(file + " is in force", AFTER_LOADS, () -> {
                qanat.request().get("/runs/999999999");
                return count("passes " + file) > 0;
            });
        }
        loadsGoOn();
        for (String file : List.of("inbox.camel.yaml", "workers.camel.yaml", "errors.camel.yaml")) {
            String good = Files.readString(routes.resolve(file));
            write(file, good.replaceFirst("uri: (file|timer)|exception: \\[ java.lang.Throwable ]", "uri: nosuchcomponent"));
            qanat.await(file + " is told to be faulty", AFTER_LOADS,
                    () -> qanat.request().get("/q/health").asString().contains('"' + file + '"'));
            loadsGoOn();
            write(file, good);
            isForgiven(file, AFTER_LOADS);
        }
        loadsGoOn();
    }

    @Test
    void a_load_at_work_shows_its_file_as_pending() throws IOException {
        drop("live_c", "big.csv", "big", 600_000);
        qanat.await("a big file is loaded", AFTER_LOADS, () -> sql(
                        "SELECT count(*) FROM qanat.run WHERE file LIKE '%big.csv' AND status = 'running' AND started_at IS NOT NULL")
                .equals("1"));
        edit("load-file.camel.yaml", text -> text + "# edited\n");
        soon("it is waited for", () -> itemsOf("load-file.camel.yaml").anyMatch(item -> "pending".equals(item.get("status"))));
        qanat.await("it is replaced", AFTER_LOADS,
                () -> itemsOf("load-file.camel.yaml").allMatch(item -> "started".equals(item.get("status"))));
        loadsGoOn();
    }

    @Test
    void without_the_engines_files_nothing_is_loaded_until_they_are_back() throws IOException, InterruptedException {
        Path aside = Files.createDirectories(qanat.home().resolve("aside-routes"));
        List<Path> engine;
        try (Stream<Path> files = Files.list(routes)) {
            engine = files.filter(file -> file.toString().endsWith(".camel.yaml")).toList();
        }
        assertThat(engine).hasSizeGreaterThan(10);
        for (Path file : engine) {
            Files.move(file, aside.resolve(file.getFileName()));
        }
        qanat.await("it is not ready", AFTER_LOADS, () -> qanat.request().get("/q/health/ready").statusCode() == 503);
        long landed = landed();
        Thread.sleep(3_000);
        assertThat(landed()).isEqualTo(landed);
        assertThat(get("steady")).isEqualTo("steady");
        for (Path file : engine) {
            Files.move(aside.resolve(file.getFileName()), file);
        }
        soon("it is ready again", () -> qanat.request().get("/q/health/ready").statusCode() == 200);
        loadsGoOn();
    }

    @Test
    void a_hundred_reloads_leave_nothing_behind_and_no_request_of_another_route_fails() throws Exception {
        reload("warm");
        long threads = threads();
        long endpoints = objects("Endpoint");
        CompletableFuture<List<Integer>> asked = CompletableFuture.supplyAsync(() -> {
            List<Integer> other = new ArrayList<>();
            while (Files.exists(routes.resolve("again-0.yaml"))) {
                int status = qanat.request().get("/live/steady").statusCode();
                if (status != 200) {
                    other.add(status);
                }
            }
            return other;
        });
        for (int time = 0; time < 10; time++) {
            reload("time" + time);
        }
        assertThat(threads()).isLessThan(threads + 15);
        assertThat(objects("Endpoint")).isLessThan(endpoints + 10);
        for (int file = 0; file < 10; file++) {
            Files.delete(routes.resolve("again-" + file + ".yaml"));
        }
        assertThat(asked.get()).isEmpty();
    }

    /** Ten files, each with two consumers. */
    private static void reload(String answer) throws IOException {
        for (int file = 0; file < 10; file++) {
            String id = "again-" + file;
            write(id + ".yaml", http(id, answer, "to: direct:" + id) + """
                    - route:
                        id: %1$s-called
                        from: { uri: "direct:%1$s", steps: [ { log: { message: "%2$s", loggingLevel: DEBUG } } ] }
                    - route:
                        id: %1$s-ticks
                        from: { uri: "timer:%1$s?period=500", steps: [ { log: { message: "%2$s", loggingLevel: DEBUG } } ] }
                    """.formatted(id, answer));
        }
        qanat.await("all are reloaded", Duration.ofSeconds(15), () -> IntStream.range(0, 10).allMatch(file -> get("again-" + file).equals(answer)));
    }

    private static long threads() {
        try (Stream<Path> tasks = Files.list(Path.of("/proc/" + qanat.process().pid() + "/task"))) {
            return tasks.count();
        } catch (IOException e) {
            return 0;       // not on this system
        }
    }

    /** Live objects of Camel's classes whose names end so. */
    private static long objects(String ending) throws IOException {
        Process jcmd = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                        Long.toString(qanat.process().pid()), "GC.class_histogram")
                .redirectErrorStream(true)
                .start();
        String histogram = new String(jcmd.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(histogram).contains("TimerEndpoint");
        return histogram.lines()
                .map(String::strip)
                .map(line -> line.split("\\s+"))
                .filter(line -> line.length >= 4 && line[3].startsWith("org.apache.camel.component") && line[3].endsWith(ending))
                .mapToLong(line -> Long.parseLong(line[1]))
                .sum();
    }

    // Pipelines

    @Test
    void a_pipeline_follows_its_file_and_a_broken_one_leaves_the_last_good_in_force() throws IOException {
        Path file = pipelines.resolve("live_a.yaml");
        int version = version("live_a");
        Files.writeString(file, pipeline("live_a", "description: another\n"));
        soon("a new version", () -> version("live_a") == version + 1);
        Files.writeString(file, pipeline("live_a", "descriptiom: another\n"));
        soon("the health check names it",
                () -> qanat.request().get("/q/health").asString().contains("live_a.yaml") && count("live_a.yaml:6") > 0);
        assertThat(version("live_a")).isEqualTo(version + 1);
        assertThat(inForce("live_a")).isTrue();
        loadsGoOn();
        Files.writeString(file, pipeline("live_a", "description: a third\n"));
        soon("it is mended", () -> version("live_a") == version + 2
                && !qanat.request().get("/q/health").asString().contains("live_a.yaml"));
    }

    @Test
    void a_renamed_pipeline_file_makes_no_version_and_a_deleted_one_takes_the_pipeline_out_of_force() throws Exception {
        int version = version("live_b");
        Files.createDirectories(pipelines.resolve("team"));
        Files.move(pipelines.resolve("live_b.yaml"), pipelines.resolve("team/b.yaml"));
        soon("the file is known by its new name",
                () -> "team/b.yaml".equals(sql("SELECT file FROM qanat.config_history WHERE pipeline = 'live_b' AND version = " + version)));
        Thread.sleep(2_500);
        assertThat(version("live_b")).isEqualTo(version);
        Path aside = Files.move(pipelines.resolve("team/b.yaml"), qanat.home().resolve("b.yaml"));
        soon("it is out of force", () -> !inForce("live_b"));
        Thread.sleep(3_000);
        assertThat(qanat.quarantine("live_b")).doesNotExist();
        Files.move(aside, pipelines.resolve("team/b.yaml"));
        soon("it is in force again", () -> inForce("live_b"));
    }

    @Test
    void a_pipeline_that_gets_another_name_in_its_file_takes_the_place_of_the_former() throws IOException {
        Files.writeString(pipelines.resolve("named.yaml"), pipeline("before", "    table: named\n"));
        soon("the first is in force", () -> inForce("before"));
        Files.writeString(pipelines.resolve("named.yaml"), pipeline("after", "    table: named\n"));
        soon("the other is in force", () -> inForce("after") && !inForce("before"));
    }

    private static int version(String pipeline) {
        return Integer.parseInt(sql("SELECT coalesce(max(version), 0) FROM qanat.config_history WHERE pipeline = '" + pipeline + "'"));
    }

    private static boolean inForce(String pipeline) {
        return sql("SELECT coalesce((SELECT NOT removed FROM qanat.config_history WHERE pipeline = '" + pipeline
                        + "' ORDER BY version DESC LIMIT 1), false)")
                .equals("t");
    }

    // In the end

    @Test
    @Order(Integer.MAX_VALUE)
    void every_file_has_landed_exactly_once() throws Exception {
        feeding = false;
        feeder.join();
        assertThat(feederFailed).isNull();
        assertThat(DROPPED).hasSizeGreaterThan(50).anyMatch(file -> file.rows() == BIG);
        qanat.await("all have landed", Duration.ofMinutes(3), () -> landed() >= DROPPED.size());
        for (String pipeline : PIPELINES) {
            List<Dropped> dropped = DROPPED.stream().filter(file -> file.pipeline().equals(pipeline)).toList();
            assertThat(qanat.query("SELECT regexp_replace(file, '^.*/', '') AS name, status, read, inserted FROM qanat.run WHERE pipeline = '"
                            + pipeline + "'"))
                    .extracting(run -> run.get("name") + " " + run.get("status") + " " + run.get("read") + " " + run.get("inserted"))
                    .containsExactlyInAnyOrderElementsOf(dropped.stream()
                            .map(file -> file.name() + " succeeded " + file.rows() + " " + file.rows())
                            .toList());
            String rows = Long.toString(dropped.stream().mapToLong(Dropped::rows).sum());
            assertThat(sql("SELECT count(*) FROM silver." + pipeline)).isEqualTo(rows);
            assertThat(sql("SELECT count(DISTINCT id) FROM silver." + pipeline)).isEqualTo(rows);
            assertThat(sql("SELECT count(*) FROM bronze." + pipeline + "__" + pipeline)).isEqualTo(rows);
            assertThat(qanat.quarantine(pipeline)).doesNotExist();
            assertThat(Objects.requireNonNull(qanat.inbox(pipeline).toFile().list())).isEmpty();
        }
    }
}
