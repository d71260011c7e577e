package dev.qanat.pipeline;

import java.util.List;
import java.util.Optional;

/**
 * A pipeline as declared and checked: defaults are filled in, references resolved.
 *
 * @param name letters, digits and underscores; names the inbox and the bronze tables
 * @param description what it is for; may be empty
 * @param sources the folders, in the order of the declaration
 * @param apis the APIs, in the order of the declaration
 * @param resources in the order of the declaration, which decides who takes a file
 * @param combinedCsv the file below the home to which all rows are written after a landing
 * @param models what is built after a load, in dbt's selection syntax; empty for whatever is downstream of what was loaded
 * @param schedule when it runs by itself
 * @param concurrency how many of its runs may run at once
 */
public record Pipeline(
        String name,
        String description,
        List<FilesSource> sources,
        List<ApiSource> apis,
        List<Resource> resources,
        Optional<String> combinedCsv,
        Optional<List<String>> models,
        Optional<Schedule> schedule,
        Concurrency concurrency) {

    public Optional<Resource> resource(String resourceName) {
        return resources.stream().filter(r -> r.name().equals(resourceName)).findFirst();
    }

    /** The resources, each with the items of its children as resources of their own: what has a table. */
    public List<Resource> tables() {
        return resources.stream().flatMap(resource -> resource.withItems().stream()).toList();
    }

    /** Whether a resource has this path of its own over HTTP. */
    boolean exposes(String path) {
        return resources.stream().flatMap(resource -> resource.serving().expose().stream()).anyMatch(expose -> expose.path().equals(path));
    }

    public Optional<FilesSource> findSource(String sourceName) {
        return sources.stream().filter(s -> s.name().equals(sourceName)).findFirst();
    }

    public Optional<ApiSource> findApi(String sourceName) {
        return apis.stream().filter(s -> s.name().equals(sourceName)).findFirst();
    }

    /** The resources that are polled. */
    public List<Resource> polled() {
        return resources.stream().filter(r -> r.polling().isPresent()).toList();
    }

    /** The first resource of the source whose glob takes a file of this name. */
    public Optional<Resource> resourceFor(String sourceName, String fileName) {
        return resources.stream()
                .filter(r -> r.source().equals(sourceName) && r.files().takes(fileName))
                .findFirst();
    }
}
