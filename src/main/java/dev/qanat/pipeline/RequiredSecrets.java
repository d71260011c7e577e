package dev.qanat.pipeline;

import dev.qanat.failure.InputFailure;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The secrets that a pipeline names, and whether they are there. It asks each time, so that a secret may come and go. Safe for use
 * by several threads if what it asks is.
 */
public final class RequiredSecrets {
    private final Function<String, Optional<String>> secrets;

    /** @param secrets the values of secrets by name; it throws an {@link InputFailure} for one that is there and of no use */
    public RequiredSecrets(Function<String, Optional<String>> secrets) {
        this.secrets = secrets;
    }

    /** Why the pipeline cannot run: the secrets that it lacks, or what is wrong with one; empty when all are there. */
    Optional<String> lacking(Pipeline pipeline) {
        try {
            List<String> missing =
                    names(pipeline).filter(name -> secrets.apply(name).isEmpty()).map(name -> "${secret:" + name + "}").toList();
            return missing.isEmpty()
                    ? Optional.empty()
                    : Optional.of(missing.stream().collect(Collectors.joining(", ")) + (missing.size() == 1 ? " is" : " are")
                            + " not there, or not in QANAT_ALLOWED_ENV; set it in the environment or as a file in QANAT_SECRETS_DIR");
        } catch (InputFailure e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }

    private static Stream<String> names(Pipeline pipeline) {
        return Stream.concat(
                        pipeline.apis().stream().flatMap(ApiSource::templates),
                        pipeline.polled().stream().flatMap(resource -> resource.polling().orElseThrow().endpoint().templates()))
                .flatMap(template -> template.secrets().stream())
                .distinct()
                .sorted();
    }
}
