package dev.qanat.settings;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * The environment as pipelines may read it: names that the operator allows, exactly or as a prefix that ends in {@code *}.
 */
public final class AllowedEnvironment implements Function<String, Optional<String>> {

    private final List<String> allowed;
    private final Map<String, String> environment;

    AllowedEnvironment(List<String> allowed, Map<String, String> environment) {
        this.allowed = List.copyOf(allowed);
        this.environment = Map.copyOf(environment);
    }

    @Override
    public Optional<String> apply(String name) {
        boolean readable = allowed.stream()
                .anyMatch(pattern -> pattern.endsWith("*")
                        ? name.startsWith(pattern.substring(0, pattern.length() - 1))
                        : name.equals(pattern));
        return readable ? Optional.ofNullable(environment.get(name)) : Optional.empty();
    }
}
