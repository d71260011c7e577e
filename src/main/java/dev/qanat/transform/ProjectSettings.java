package dev.qanat.transform;

import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What a project is read with.
 *
 * @param vars above those of {@code dbt_project.yml}: texts, Long, Double, Boolean, lists and maps
 * @param allowedVariables the names that {@code env_var} may read
 * @param variables the value of a variable of the environment, or null
 */
public record ProjectSettings(
        Target target,
        Map<String, Object> vars,
        Predicate<String> allowedVariables,
        Function<String, @Nullable String> variables) {}
