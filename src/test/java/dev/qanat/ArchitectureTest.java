package dev.qanat;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.type;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaCall;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import dev.qanat.records.Chunk;
import dev.qanat.records.PersonalFields;
import dev.qanat.records.RawRecord;
import dev.qanat.route.ApiRequested;
import dev.qanat.route.PhaseDone;
import dev.qanat.route.PipelineFiles;
import dev.qanat.route.RouteCounts;
import dev.qanat.route.RouteFiles;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.annotation.Annotation;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Date;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

/** What each package may know of the others and of the world; the table in CONTRIBUTING.md says it for people. */
class ArchitectureTest {

    private static final JavaClasses OURS =
            new ClassFileImporter().withImportOption(new ImportOption.DoNotIncludeTests()).importPackages("dev.qanat");

    private static final String CAMEL = "org.apache.camel..";
    private static final String JSON = "com.fasterxml..";
    private static final String[] DATABASE = {"java.sql..", "javax.sql..", "org.springframework.jdbc..", "org.postgresql.."};
    private static final String[] HTTP = {"io.vertx..", "io.quarkus.vertx..", "jakarta.ws.rs..", "java.net.http..", "com.sun.net.."};
    private static final String[] INPUT_OUTPUT = {"java.nio.file..", "java.nio.channels..", "java.net.."};

    @Test
    void failure_knows_no_other_package() {
        knows("failure").check(OURS);
    }

    @Test
    void embedded_knows_failures_alone() {
        knows("embedded", "failure").check(OURS);
    }

    @Test
    void access_knows_failures_alone() {
        knows("access", "failure").check(OURS);
    }

    @Test
    void settings_knows_the_embedded_server_and_who_may_do_what() {
        knows("settings", "failure", "embedded", "access").check(OURS);
    }

    @Test
    void pipeline_knows_failures_alone() {
        knows("pipeline", "failure").check(OURS);
    }

    @Test
    void records_knows_how_a_pipeline_wants_files_read() {
        knows("records", "failure", "pipeline").check(OURS);
    }

    @Test
    void api_knows_what_a_pipeline_asks_for_and_makes_records_of_it() {
        knows("api", "failure", "pipeline", "records").check(OURS);
    }

    @Test
    void validate_knows_pipelines_and_records() {
        knows("validate", "failure", "pipeline", "records").check(OURS);
    }

    @Test
    void load_knows_pipelines_and_what_was_checked() {
        // Of records only what a checked chunk hands on, never a reader of a format.
        knows("load", "failure", "pipeline", "validate", "records").check(OURS);
        noClasses()
                .that()
                .resideInAPackage("dev.qanat.load..")
                .should()
                .dependOnClassesThat(resideInAPackage("dev.qanat.records..")
                        .and(DescribedPredicate.not(type(Chunk.class)))
                        .and(DescribedPredicate.not(type(RawRecord.class))))
                .check(OURS);
    }

    @Test
    void transform_knows_failures_alone() {
        knows("transform", "failure").check(OURS);
    }

    @Test
    void a_project_is_compiled_without_a_database() {
        neither("transform", DATABASE).check(OURS);
    }

    @Test
    void jinja_knows_nothing_of_dbt_and_of_files() {
        noClasses()
                .that()
                .resideInAPackage("dev.qanat.transform.jinja..")
                .should()
                .dependOnClassesThat(resideInAPackage("dev.qanat.transform").or(resideInAnyPackage(INPUT_OUTPUT)))
                .check(OURS);
    }

    @Test
    void templates_reach_no_method_of_java() {
        noClasses()
                .that()
                .resideInAPackage("dev.qanat.transform..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("java.lang.reflect..", "java.beans..")
                .check(OURS);
    }

    @Test
    void build_knows_a_project_and_who_is_told() {
        knows("build", "failure", "settings", "transform", "load", "ledger", "personal").check(OURS);
    }

    @Test
    void lineage_knows_all_that_data_passes_through() {
        knows("lineage", "failure", "pipeline", "records", "validate", "load", "ledger", "transform", "build").check(OURS);
    }

    @Test
    void ledger_knows_failures_alone() {
        knows("ledger", "failure").check(OURS);
    }

    @Test
    void personal_knows_what_pipelines_say_of_columns() {
        // Of records only which fields are taken for personal.
        knows("personal", "failure", "pipeline", "records").check(OURS);
        noClasses()
                .that()
                .resideInAPackage("dev.qanat.personal..")
                .should()
                .dependOnClassesThat(resideInAPackage("dev.qanat.records..").and(DescribedPredicate.not(type(PersonalFields.class))))
                .check(OURS);
    }

    @Test
    void serve_knows_what_pipelines_expose_and_which_columns_are_personal() {
        knows("serve", "failure", "pipeline", "personal").check(OURS);
    }

    @Test
    void retention_knows_what_is_kept() {
        knows("retention", "failure", "settings", "pipeline", "load", "ledger").check(OURS);
    }

    @Test
    void edit_writes_rows_as_loads_do() {
        knows("edit", "failure", "pipeline", "records", "validate", "load", "ledger").check(OURS);
    }

    @Test
    void web_shows_the_ledger_pipelines_lineage_and_rows() {
        knows("web", "failure", "settings", "access", "pipeline", "ledger", "lineage", "serve", "edit").check(OURS);
    }

    @Test
    void route_knows_all_but_the_embedded_server() {
        knows("route", "failure", "settings", "access", "pipeline", "records", "api", "validate", "load", "ledger", "transform", "build", "lineage", "personal",
                        "serve", "edit", "web", "retention")
                .check(OURS);
    }

    @Test
    void metrics_knows_what_is_told_and_the_engine_does_not_know_of_it() {
        knows("metrics", "failure", "pipeline", "ledger", "route").check(OURS);
        neither("metrics", DATABASE).check(OURS);
        noClasses()
                .that()
                .resideInAPackage("dev.qanat.metrics..")
                .should()
                .dependOnClassesThat(resideInAPackage("dev.qanat.route..")
                        .and(DescribedPredicate.not(type(PhaseDone.class)))
                        .and(DescribedPredicate.not(type(PhaseDone.Phase.class)))
                        .and(DescribedPredicate.not(type(ApiRequested.class)))
                        .and(DescribedPredicate.not(type(RouteFiles.class)))
                        .and(DescribedPredicate.not(type(PipelineFiles.class)))
                        .and(DescribedPredicate.not(type(RouteCounts.class)))
                        .and(DescribedPredicate.not(type(RouteCounts.Exchanges.class))))
                .check(OURS);
        noClasses()
                .that()
                .resideOutsideOfPackage("dev.qanat.metrics..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.micrometer..", "io.prometheus..")
                .check(OURS);
    }

    @Test
    void backup_knows_the_database_and_no_pipelines() {
        knows("backup", "failure", "settings", "embedded").check(OURS);
    }

    @Test
    void packages_have_no_cycles() {
        slices().matching("dev.qanat.(*)..").should().beFreeOfCycles().check(OURS);
    }

    @Test
    void camel_is_known_to_routes_alone() {
        noClasses()
                .that()
                .resideOutsideOfPackage("dev.qanat.route..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage(CAMEL)
                .check(OURS);
    }

    @Test
    void http_is_known_to_web_and_to_who_says_where_it_listens() {
        noClasses()
                .that()
                .resideOutsideOfPackages("dev.qanat.web..", "dev.qanat.settings..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(HTTP)
                .check(OURS);
    }

    @Test
    void a_pipeline_is_no_json() {
        neither("pipeline", JSON, "de.siegmar..", "net.minidev..").check(OURS);
    }

    @Test
    void a_pipeline_checks_the_syntax_of_paths_and_follows_none() {
        noClasses()
                .that()
                .resideInAPackage("dev.qanat.pipeline..")
                .should()
                .callMethodWhere(new DescribedPredicate<JavaCall<?>>("a JSONPath is used") {
                    @Override
                    public boolean test(JavaCall<?> call) {
                        return call.getTargetOwner().getPackageName().startsWith("com.jayway.")
                                && !call.getTarget().getFullName().startsWith("com.jayway.jsonpath.JsonPath.compile(")
                                && !call.getTarget().getName().equals("getMessage");
                    }
                })
                .check(OURS);
    }

    @Test
    void records_have_no_database() {
        neither("records", DATABASE).check(OURS);
    }

    @Test
    void an_api_is_read_without_a_database() {
        neither("api", DATABASE).check(OURS);
    }

    @Test
    void an_api_is_read_without_files_and_connections() {
        neither("api", "java.nio.file..", "java.nio.channels..").check(OURS);
        noClasses()
                .that()
                .resideInAPackage("dev.qanat.api..")
                .should()
                .dependOnClassesThat(resideInAPackage("java.net..")
                        .and(DescribedPredicate.not(type(URI.class)))
                        .and(DescribedPredicate.not(type(URLEncoder.class))))
                .check(OURS);
    }

    @Test
    void validation_has_no_database() {
        neither("validate", DATABASE).check(OURS);
    }

    @Test
    void validation_reads_and_writes_nothing() {
        noClasses()
                .that()
                .resideInAPackage("dev.qanat.validate..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(INPUT_OUTPUT)
                .orShould()
                .dependOnClassesThat()
                .areAssignableTo(InputStream.class)
                .orShould()
                .dependOnClassesThat()
                .areAssignableTo(OutputStream.class)
                .orShould()
                .dependOnClassesThat()
                .areAssignableTo(File.class)
                .check(OURS);
    }

    @Test
    void validation_has_no_clock() {
        noClasses()
                .that()
                .resideInAPackage("dev.qanat.validate..")
                .should()
                .callMethodWhere(new DescribedPredicate<JavaCall<?>>("the time is asked for") {
                    @Override
                    public boolean test(JavaCall<?> call) {
                        String owner = call.getTargetOwner().getName();
                        return owner.startsWith("java.time.") && call.getName().equals("now")
                                || owner.equals("java.lang.System") && List.of("currentTimeMillis", "nanoTime").contains(call.getName())
                                || owner.equals("java.time.ZoneId") && call.getName().equals("systemDefault");
                    }
                })
                .orShould()
                .dependOnClassesThat()
                .areAssignableTo(Clock.class)
                .orShould()
                .dependOnClassesThat()
                .areAssignableTo(Date.class)
                .check(OURS);
    }

    @Test
    void loading_knows_no_format() {
        neither("load", JSON, "de.siegmar..").check(OURS);
    }

    @Test
    void routes_leave_statements_to_load_and_ledger() {
        noClasses()
                .that()
                .resideInAPackage("dev.qanat.route..")
                .should()
                .dependOnClassesThat()
                .haveFullyQualifiedName("java.sql.Statement")
                .orShould()
                .dependOnClassesThat()
                .haveFullyQualifiedName("java.sql.PreparedStatement")
                .orShould()
                .dependOnClassesThat()
                .resideInAnyPackage("org.springframework.jdbc..", "org.postgresql..")
                .check(OURS);
    }

    @Test
    void names_say_what_a_thing_is() {
        noClasses()
                .should()
                .haveSimpleNameEndingWith("Util")
                .orShould()
                .haveSimpleNameEndingWith("Utils")
                .orShould()
                .haveSimpleNameEndingWith("Helper")
                .orShould()
                .haveSimpleNameEndingWith("Manager")
                .orShould()
                .haveSimpleNameEndingWith("Impl")
                .orShould()
                .haveSimpleNameEndingWith("Dto")
                .check(OURS);
    }

    @Test
    void every_package_says_what_it_knows_and_declares_null() throws Exception {
        Path root = Path.of("src/main/java");
        List<String> packages;
        try (Stream<Path> files = Files.walk(root)) {
            packages = files.filter(file -> file.toString().endsWith(".java"))
                    .map(file -> root.relativize(file.getParent()).toString().replace('/', '.'))
                    .distinct()
                    .sorted()
                    .toList();
        }
        assertThat(packages).contains("dev.qanat.failure");
        for (String name : packages) {
            assertThat(root.resolve(name.replace('.', '/')).resolve("package-info.java"))
                    .content()
                    .startsWith("/**");
            Annotation[] annotations = Class.forName(name + ".package-info").getAnnotations();
            assertThat(annotations).as(name).extracting(Annotation::annotationType).contains(NullMarked.class);
        }
    }

    /** The package knows these and itself, and no other of ours. */
    private static ArchRule knows(String name, String... others) {
        List<String> allowed = new ArrayList<>(List.of("dev.qanat." + name + ".."));
        Arrays.stream(others).map(other -> "dev.qanat." + other + "..").forEach(allowed::add);
        return noClasses()
                .that()
                .resideInAPackage("dev.qanat." + name + "..")
                .should()
                .dependOnClassesThat(resideInAPackage("dev.qanat..")
                        .and(DescribedPredicate.not(resideInAnyPackage(allowed.toArray(String[]::new)))))
                .as(name + " knows of ours only " + (others.length == 0 ? "itself" : Stream.of(others).collect(joining(", "))));
    }

    private static ArchRule neither(String name, String... packages) {
        return noClasses()
                .that()
                .resideInAPackage("dev.qanat." + name + "..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(packages);
    }
}
