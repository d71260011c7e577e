package dev.qanat.transform;

import com.hubspot.jinjava.objects.Namespace;
import dev.qanat.transform.jinja.Arguments;
import dev.qanat.transform.jinja.Attributes;
import dev.qanat.transform.jinja.Callable;
import dev.qanat.transform.jinja.Json;
import dev.qanat.transform.jinja.Macro;
import dev.qanat.transform.jinja.Names;
import dev.qanat.transform.jinja.None;
import dev.qanat.transform.jinja.Returned;
import dev.qanat.transform.jinja.TemplateFault;
import dev.qanat.transform.jinja.Tuple;
import dev.qanat.transform.jinja.Values;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** What every text of a project may use: dbt's functions that need no node, and the macros of the project. */
final class ProjectNames implements Names {
    private static final Logger LOG = Logger.getLogger(ProjectNames.class);
    private static final String SECRET = "DBT_ENV_SECRET";
    private static final int MAX_RANGE = 100_000;

    /** What dbt has and Qanat has not, by the name that stands first. */
    private static final Set<String> REFUSED = Set.of(
            "api", "builtins", "dbt", "dbt_version", "diff_of_two_dicts", "fromyaml", "graph", "invocation_id", "load_result",
            "modules", "run_query", "run_started_at", "statement", "store_result", "submit_python_job", "toyaml", "thread_id",
            "selected_resources", "local_md5", "get_columns_in_relation", "load_relation", "dbt_metadata_envs", "metric");

    private final ProjectFile project;
    private final ProjectSettings settings;
    private final Map<String, Macro> macros;
    private final Map<String, Object> names = new HashMap<>();

    ProjectNames(ProjectFile project, ProjectSettings settings, Map<String, Macro> macros) {
        this.project = project;
        this.settings = settings;
        this.macros = macros;
        names.put("target", settings.target());
        names.put("project_name", project.name());
        names.put("var", new Variables());
        functions().forEach(names::put);
        names.put("exceptions", (Attributes) name -> switch (name) {
            case "raise_compiler_error" -> (Callable) a -> {
                throw TemplateFault.invalid(a.text(0, "msg"));
            };
            case "warn" -> (Callable) a -> log(a.text(0, "msg"));
            default -> null;
        });
        for (String refused : REFUSED) {
            names.put(refused, new NotSupported(refused));
        }
    }

    private Map<String, Callable> functions() {
        return Map.ofEntries(
                Map.entry("env_var", this::environment),
                Map.entry("log", a -> log(Values.str(a.need(0, "msg")))),
                Map.entry("print", a -> log(Values.str(a.need(0, "msg")))),
                Map.entry("return", a -> {
                    throw new Returned(a.get(0, "data", None.NONE));
                }),
                Map.entry("namespace", ProjectNames::namespace),
                Map.entry("dict", a -> new LinkedHashMap<Object, Object>(a.named())),
                Map.entry("range", ProjectNames::range),
                Map.entry("zip", ProjectNames::zip),
                Map.entry("set", a -> new ArrayList<>(new LinkedHashSet<>(Values.iterate(a.get(0, "value", List.of()))))),
                Map.entry("tojson", a -> Json.write(a.need(0, "value"), Values.truth(a.get(2, "sort_keys", false)))),
                Map.entry("fromjson", a -> Json.read(a.text(0, "string"), a.get(1, "default", None.NONE))));
    }

    @Override
    public @Nullable Object lookup(String name) {
        return lookup(name, this);
    }

    /** @param all the names that a macro sees */
    @Nullable Object lookup(String name, Names all) {
        Macro macro = macros.get(name);
        if (macro != null) {
            return macro.with(all);
        }
        if (name.equals(project.name())) {
            return (Attributes) part -> {
                Macro own = macros.get(part);
                return own == null ? null : own.with(all);
            };
        }
        if (name.equals("adapter")) {
            return (Attributes) part -> part.equals("dispatch")
                    ? (Callable) a -> dispatched(a, all)
                    : new NotSupported("adapter").attribute(part);
        }
        Object known = names.get(name);
        return known == null && name.matches("dbt_\\w+|\\w+_utils") ? new NotSupported(name) : known;
    }

    /** The project's macro for PostgreSQL, or its default. */
    private Callable dispatched(Arguments arguments, Names all) {
        String name = arguments.text(0, "macro_name");
        if (!arguments.get(1, "macro_namespace", project.name()).equals(project.name())) {
            throw TemplateFault.notSupported("adapter.dispatch('%s'): packages are not supported".formatted(name));
        }
        return Stream.of("postgres__", "default__")
                .map(prefix -> macros.get(prefix + name))
                .filter(Objects::nonNull)
                .findFirst()
                .orElseThrow(() -> TemplateFault.unknown("there is no macro 'postgres__%s' or 'default__%1$s'".formatted(name)))
                .with(all);
    }

    Optional<Macro> macro(String name) {
        return Optional.ofNullable(macros.get(name));
    }

    private Object environment(Arguments arguments) {
        String name = arguments.text(0, "var");
        if (name.startsWith(SECRET)) {
            throw TemplateFault.notSupported("env_var('%s'): secrets do not belong into SQL".formatted(name));
        }
        if (!settings.allowedVariables().test(name)) {
            throw TemplateFault.unknown("env_var('%s') is not allowed; name it in QANAT_ALLOWED_ENV".formatted(name));
        }
        String value = settings.variables().apply(name);
        Object found = value == null ? arguments.find(1, "default") : value;
        if (found == null) {
            throw TemplateFault.unknown("the variable %s is not set; set it or give env_var a default".formatted(name));
        }
        return Values.str(found);
    }

    private static Object log(String message) {
        LOG.info(message);
        return "";
    }

    private static Object namespace(Arguments arguments) {
        Namespace namespace = new Namespace();
        namespace.putAll(arguments.named());
        return namespace;
    }

    private static Object range(Arguments arguments) {
        List<Long> bounds = arguments.positional().stream()
                .map(bound -> {
                    if (bound instanceof Long whole) {
                        return whole;
                    }
                    throw TemplateFault.invalid("range needs whole numbers, not %s".formatted(Values.repr(bound)));
                })
                .toList();
        if (bounds.isEmpty() || bounds.size() > 3 || bounds.size() == 3 && bounds.get(2) == 0) {
            throw TemplateFault.invalid("range needs an end, or a start, an end and a step other than 0");
        }
        long from = bounds.size() > 1 ? bounds.get(0) : 0;
        long to = bounds.get(bounds.size() > 1 ? 1 : 0);
        long step = bounds.size() > 2 ? bounds.get(2) : 1;
        List<Object> numbers = new ArrayList<>();
        for (long i = from; step > 0 ? i < to : i > to; i += step) {
            if (numbers.size() == MAX_RANGE) {
                throw TemplateFault.invalid("a range may have %d numbers".formatted(MAX_RANGE));
            }
            numbers.add(i);
        }
        return numbers;
    }

    private static Object zip(Arguments arguments) {
        List<List<Object>> lists = arguments.positional().stream().map(Values::iterate).toList();
        int size = lists.stream().mapToInt(List::size).min().orElse(0);
        List<Object> rows = new ArrayList<>();
        for (int i = 0; i < size; i++) {
            int place = i;
            rows.add(new Tuple(lists.stream().map(list -> list.get(place)).toList()));
        }
        return rows;
    }

    /** {@code var('name', default)} and {@code var.has_var('name')}. */
    private final class Variables implements Callable, Attributes {

        @Override
        public Object call(Arguments arguments) {
            String name = arguments.text(0, "name");
            Object otherwise = arguments.find(1, "default");
            return value(name).or(() -> Optional.ofNullable(otherwise)).orElseThrow(() -> TemplateFault.unknown(
                    "var('%s') has no value; give it one under 'vars' in dbt_project.yml, or a default".formatted(name)));
        }

        private Optional<Object> value(String name) {
            return Optional.ofNullable(settings.vars().get(name)).map(Values::copy).or(() -> project.variable(name));
        }

        @Override
        public @Nullable Object attribute(String name) {
            return name.equals("has_var") ? (Callable) a -> value(a.text(0, "name")).isPresent() : null;
        }
    }

    /** A name of dbt or of a package that is refused when it is used, not when it is asked about. */
    private record NotSupported(String name) implements Callable, Attributes {

        @Override
        public Object call(Arguments arguments) {
            throw TemplateFault.notSupported("'%s' is not supported".formatted(name));
        }

        @Override
        public Object attribute(String part) {
            throw TemplateFault.notSupported("'%s.%s' is not supported".formatted(name, part));
        }

        @Override
        public String toString() {
            throw TemplateFault.notSupported("'%s' is not supported".formatted(name));
        }
    }
}
