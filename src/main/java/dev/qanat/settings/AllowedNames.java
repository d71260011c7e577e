package dev.qanat.settings;

import java.util.List;
import java.util.Set;

/**
 * The names of the environment that pipelines may read.
 *
 * @param listed by the operator; one that ends in {@code *} is a prefix
 * @param own allowed without being listed
 */
record AllowedNames(List<String> listed, Set<String> own) {

    boolean has(String name) {
        return own.contains(name)
                || listed.stream()
                        .anyMatch(pattern -> pattern.endsWith("*")
                                ? name.startsWith(pattern.substring(0, pattern.length() - 1))
                                : name.equals(pattern));
    }
}
