package dev.qanat.pipeline;

import java.util.List;
import java.util.Optional;

/**
 * A pipeline as declared and checked: defaults are filled in, references resolved.
 *
 * @param name letters, digits and underscores; names the inbox and the bronze tables
 * @param description what it is for; may be empty
 * @param sources in the order of the declaration
 * @param resources in the order of the declaration, which decides who takes a file
 * @param combinedCsv the file below the home to which all rows are written after a landing
 * @param schedule when it runs by itself
 * @param concurrency how many of its runs may run at once
 */
public record Pipeline(
        String name,
        String description,
        List<FilesSource> sources,
        List<Resource> resources,
        Optional<String> combinedCsv,
        Optional<Schedule> schedule,
        Concurrency concurrency) {

    public Optional<Resource> resource(String resourceName) {
        return resources.stream().filter(r -> r.name().equals(resourceName)).findFirst();
    }

    public Optional<FilesSource> findSource(String sourceName) {
        return sources.stream().filter(s -> s.name().equals(sourceName)).findFirst();
    }

    /** The first resource of the source whose glob takes a file of this name. */
    public Optional<Resource> resourceFor(String sourceName, String fileName) {
        return resources.stream()
                .filter(r -> r.source().equals(sourceName) && r.files().takes(fileName))
                .findFirst();
    }
}
