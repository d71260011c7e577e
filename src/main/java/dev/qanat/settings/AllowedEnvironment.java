package dev.qanat.settings;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * The environment as pipelines may read it: names that the operator allows, exactly or as a prefix that ends in {@code *}, and those
 * of the settings that the pipelines read which come along.
 */
public final class AllowedEnvironment implements Function<String, Optional<String>> {
    static final Set<String> OWN = Set.of("ALPHA_VANTAGE_URL", "FAKESTORE_URL", "FRANKFURTER_URL", "DEFAULT_TICKERS");

    private final AllowedNames allowed;
    private final Map<String, String> environment;

    AllowedEnvironment(List<String> allowed, Map<String, String> environment) {
        this.allowed = new AllowedNames(allowed, OWN);
        this.environment = Map.copyOf(environment);
    }

    /** Whether a name may be read, whether or not it is set. */
    public boolean allows(String name) {
        return allowed.has(name);
    }

    @Override
    public Optional<String> apply(String name) {
        return allowed.has(name) ? Optional.ofNullable(environment.get(name)) : Optional.empty();
    }
}
