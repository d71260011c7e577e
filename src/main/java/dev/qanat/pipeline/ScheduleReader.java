package dev.qanat.pipeline;

import dev.qanat.failure.Code;
import dev.qanat.pipeline.Schedule.Catchup;
import dev.qanat.pipeline.Section.Text;
import java.time.ZoneId;
import java.util.Optional;
import java.util.function.Function;

/** Reads {@code schedule}. */
final class ScheduleReader {
    private final Variables variables;

    ScheduleReader(Variables variables) {
        this.variables = variables;
    }

    Optional<Schedule> read(Section section) {
        Optional<Schedule.Every> every = value(section, "every", "a duration such as PT5M", Schedule.Every::parse);
        Optional<Cron> cron = value(section, "cron", "five fields such as \"30 17 * * 1-5\"", Cron::parse);
        Optional<ZoneId> timezone = value(section, "timezone", "a zone such as Europe/Berlin", Schedule::zone);
        Optional<Catchup> catchup = section.choice("catchup", Catchup.class);
        if (section.has("every") && section.has("cron")) {
            section.problem("cron", Code.CONFLICTING_KEYS, "'schedule' has 'every' and 'cron'; keep one of them");
        } else if (section.has("every") && section.has("timezone")) {
            section.problem("timezone", Code.CONFLICTING_KEYS, "'schedule.timezone' is for 'cron'; take it out");
        } else if (!section.has("every") && !section.has("cron")) {
            section.missing("every", "write 'every: PT1H', or a 'cron'");
        }
        if (every.isPresent() == cron.isPresent()) {
            return Optional.empty();
        }
        return Optional.of(new Schedule(every, cron, timezone, catchup.orElse(Catchup.LATEST)));
    }

    private <T> Optional<T> value(Section section, String key, String expected, Function<String, T> parse) {
        Optional<Text> text = section.text(key, expected);
        Optional<String> value = text.flatMap(t -> variables.expand(section, t));
        try {
            return value.map(parse);
        } catch (IllegalArgumentException e) {
            section.problem(key, Code.INVALID_VALUE, section.label(key) + " " + e.getMessage());
            return Optional.empty();
        }
    }
}
