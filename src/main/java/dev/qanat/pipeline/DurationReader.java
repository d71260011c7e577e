package dev.qanat.pipeline;

import dev.qanat.failure.Code;
import dev.qanat.pipeline.Section.Text;
import java.time.DateTimeException;
import java.time.Duration;
import java.util.Optional;

/** Reads an ISO-8601 duration, in which settings and vars are put in. */
final class DurationReader {
    private final Variables variables;

    DurationReader(Variables variables) {
        this.variables = variables;
    }

    /**
     * The duration of a key.
     *
     * @param least the shortest that is allowed, as it is told
     * @param most the longest
     */
    Optional<Duration> read(Section section, String key, String least, String most) {
        Optional<Text> text = section.text(key, "a duration such as PT1M");
        Optional<String> value = text.flatMap(t -> variables.expand(section, t));
        if (value.isEmpty()) {
            return Optional.empty();
        }
        String written = Section.quoted(text.orElseThrow().value());
        try {
            Duration duration = Duration.parse(value.get());
            if (duration.compareTo(Duration.parse(least)) >= 0 && duration.compareTo(Duration.parse(most)) <= 0) {
                return Optional.of(duration);
            }
            section.problem(key, Code.INVALID_VALUE, "%s %s is out of bounds; give %s to %s"
                    .formatted(section.label(key), written, least, most));
        } catch (DateTimeException e) {
            section.problem(key, Code.INVALID_VALUE, "%s %s is no ISO-8601 duration; write PT30S, PT5M or P1D"
                    .formatted(section.label(key), written));
        }
        return Optional.empty();
    }
}
