package dev.qanat.transform;

import dev.qanat.transform.jinja.Arguments;
import dev.qanat.transform.jinja.Jinja;
import dev.qanat.transform.jinja.Macro;
import dev.qanat.transform.jinja.Names;
import dev.qanat.transform.jinja.Place;
import dev.qanat.transform.jinja.TemplateFault;
import dev.qanat.transform.jinja.Values;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * One use of a generic test in YAML: which macro, with which arguments, under which name.
 *
 * @param test such as {@code unique}
 * @param tested the model's, seed's or source's name in the test's name
 * @param relation the text that stands for what is tested, such as {@code ref('orders')}
 * @param arguments of the macro, without the model
 * @param settings of the test
 */
record GenericTest(
        String test,
        String tested,
        String relation,
        Map<String, Object> arguments,
        Map<String, Setting> settings,
        String name,
        Place place) {
    /** A text that dbt takes for Jinja without braces. */
    private static final Pattern EXPRESSION = Pattern.compile("\\s*(?:env_var|ref|var|source|doc)\\s*\\(.+\\)\\s*", Pattern.DOTALL);
    private static final Set<String> SETTINGS = Set.of(
            "severity", "tags", "enabled", "where", "limit", "warn_if", "error_if", "fail_calc", "store_failures", "meta", "schema",
            "alias", "group");
    private static final Set<String> OTHER = Set.of("config", "name", "description", "arguments", "test_name");
    private static final int LONGEST_NAME = 64;

    static final String BUILT_IN = """
            {% test unique(model, column_name) %}
            select {{ column_name }} as unique_field, count(*) as n_records
            from {{ model }}
            where {{ column_name }} is not null
            group by {{ column_name }}
            having count(*) > 1
            {% endtest %}

            {% test not_null(model, column_name) %}
            select {{ '*' if config.get('store_failures') else column_name }}
            from {{ model }}
            where {{ column_name }} is null
            {% endtest %}

            {% test accepted_values(model, column_name, values, quote=True) %}
            with all_values as (
                select {{ column_name }} as value_field, count(*) as n_records
                from {{ model }}
                group by {{ column_name }}
            )
            select *
            from all_values
            where value_field not in (
                {%- for value in values -%}
                {{ "'" ~ value ~ "'" if quote else value }}{{ ',' if not loop.last }}
                {%- endfor -%}
            )
            {% endtest %}

            {% test relationships(model, column_name, to, field) %}
            with child as (
                select {{ column_name }} as from_field
                from {{ model }}
                where {{ column_name }} is not null
            ),
            parent as (
                select {{ field }} as to_field
                from {{ to }}
            )
            select from_field
            from child
            left join parent on child.from_field = parent.to_field
            where parent.to_field is null
            {% endtest %}
            """;

    /** Reads {@code - accepted_values: {…}} below a model, a source's table or one of their columns. */
    static GenericTest read(String test, YamlMap given, String tested, String relation, String column) {
        Place place = given.place();
        if (test.contains(".")) {
            throw TemplateFault.notSupported("the test '%s' comes from a package; packages are not supported".formatted(test))
                    .at(place)
                    .failure();
        }
        Map<String, Object> arguments = new LinkedHashMap<>();
        if (!column.isEmpty()) {
            arguments.put("column_name", column);
        }
        given.map("arguments").ifPresent(more -> more.keys().forEach(key -> arguments.put(key, more.value(key))));
        Map<String, Setting> settings = new LinkedHashMap<>();
        for (String key : given.keys()) {
            if (SETTINGS.contains(key)) {
                settings.put(key, new Setting(given.value(key), given.place(key)));
            } else if (!OTHER.contains(key)) {
                arguments.put(key, given.value(key));
            }
        }
        given.map("config").ifPresent(config ->
                config.keys().forEach(key -> settings.put(key, new Setting(config.value(key), config.place(key)))));
        String name = given.text("name").orElseGet(() -> name(test, tested, arguments));
        return new GenericTest(test, tested, relation, arguments, settings, name, place);
    }

    /** As dbt names it: the test, what is tested, and the arguments in the order of their names. */
    private static String name(String test, String tested, Map<String, Object> arguments) {
        String values = new TreeMap<>(arguments)
                .values().stream()
                        .flatMap(value -> value instanceof Map<?, ?> map
                                ? map.values().stream()
                                : value instanceof Collection<?> list ? list.stream() : List.of(value).stream())
                        .map(value -> Values.str(value).replaceAll("[^0-9a-zA-Z_]+", "_"))
                        .collect(Collectors.joining("__"));
        return identifier(test, tested) + "_" + values;
    }

    private static String identifier(String test, String tested) {
        return "%s%s_%s".formatted(tested.contains(".") ? "source_" : "", test, tested.replace('.', '_'));
    }

    /** The name below which failures are stored: long names are cut and get a hash, as dbt does it. */
    String alias() {
        String identifier = identifier(test, tested);
        return name.length() < LONGEST_NAME ? name : identifier.substring(0, Math.min(30, identifier.length())) + "_" + md5(name);
    }

    /** The part of the id that tells tests of one name apart. */
    String hash() {
        return md5(name + arguments + relation).substring(22);
    }

    private static String md5(String text) {
        try {
            byte[] digest = MessageDigest.getInstance("MD5").digest(text.getBytes(StandardCharsets.UTF_8));
            return "%032x".formatted(new BigInteger(1, digest));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Renders the test's macro; the settings are asked for when that happens. */
    Function<Names, String> body(Jinja jinja, Macro macro, Supplier<NodeConfig> config) {
        return names -> jinja.expression(place, relation, names, value -> {
            String all = Values.str(value);
            String model = config.get()
                    .where()
                    .map(where -> "(select * from %s where %s) dbt_subquery".formatted(all, where))
                    .orElse(all);
            Map<String, Object> given = new LinkedHashMap<>();
            given.put("model", model);
            arguments.forEach((key, argument) -> given.put(key, rendered(argument, jinja, names)));
            return Values.str(macro.with(names).call(new Arguments(List.of(), given))).strip();
        });
    }

    private Object rendered(Object argument, Jinja jinja, Names names) {
        if (argument instanceof String text && EXPRESSION.matcher(text).matches()) {
            return jinja.expression(place, text, names, value -> value);
        }
        if (argument instanceof String text && (text.contains("{{") || text.contains("{%"))) {
            return jinja.template(place, text).render(names);
        }
        return argument;
    }
}
