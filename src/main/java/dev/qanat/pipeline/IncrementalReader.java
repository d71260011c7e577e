package dev.qanat.pipeline;

import dev.qanat.failure.Code;
import dev.qanat.pipeline.ColumnType.Kind;
import dev.qanat.pipeline.Incremental.OnMissing;
import dev.qanat.pipeline.Incremental.RangeEnd;
import dev.qanat.pipeline.Section.Text;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.format.DateTimeFormatter;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Reads {@code incremental} of a resource. */
final class IncrementalReader {
    /** The values that a request may name. */
    static final Set<String> VALUES = Set.of("start_value", "end_value", "last_value");
    /** Those that the first run has from {@code initial_value} alone. */
    static final Set<String> FROM_INITIAL = Set.of("start_value", "last_value");

    /** Types whose values have one order, the same in Java and PostgreSQL. */
    private static final Set<Kind> COMPARABLE =
            EnumSet.of(Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMPTZ, Kind.INTEGER, Kind.BIGINT, Kind.NUMERIC, Kind.TEXT);

    private static final Set<Kind> TIMES = EnumSet.of(Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMPTZ);
    private static final Pattern DECIMAL = Pattern.compile("[+-]?\\d{1,400}(?:\\.\\d{1,400})?");

    private final Section incremental;
    private final Variables variables;
    private final List<Column> columns;

    /** @param columns those of the resource */
    IncrementalReader(Section incremental, Variables variables, List<Column> columns) {
        this.incremental = incremental;
        this.variables = variables;
        this.columns = columns;
    }

    /** The cursor; with stand-ins, and problems reported, for what is not as it should be. */
    Incremental read() {
        if (!incremental.has("cursor_path")) {
            incremental.missing("cursor_path", "name the field whose greatest value is kept");
        }
        Optional<Text> text = incremental.text("cursor_path", "a field's name");
        Optional<Column> column = text.flatMap(this::column);
        return new Incremental(
                column.map(Column::from).or(() -> text.map(Text::value)).orElse(""),
                initialValue(column),
                lag(column),
                incremental.choice("range_start", RangeEnd.class).orElse(RangeEnd.CLOSED),
                incremental.choice("on_cursor_value_missing", OnMissing.class).orElse(OnMissing.RAISE));
    }

    /** The declared column that reads the cursor, named by its field or by itself. */
    private Optional<Column> column(Text text) {
        String name = text.value();
        List<Column> read = columns.stream().filter(c -> !c.isComputed()).toList();
        Optional<Column> column = read.stream()
                .filter(c -> c.from().equals(name))
                .findFirst()
                .or(() -> read.stream().filter(c -> c.name().equals(name)).findFirst());
        if (column.isEmpty()) {
            List<String> names = read.stream().flatMap(c -> Stream.of(c.name(), c.from())).distinct().toList();
            incremental.problem(text, Code.UNKNOWN_REFERENCE, "'incremental.cursor_path' names %s, which no declared column reads%s"
                    .formatted(
                            Section.quoted(name),
                            Suggestion.of(name, names).map(Suggestion::ask).orElse("; declare it under 'columns'")));
        } else if (column.get().pii().isPresent()) {
            incremental.problem(text, Code.CONFLICTING_KEYS,
                    "'incremental.cursor_path' names %s, whose values are not kept as they come ('pii'); name another"
                    .formatted(Section.quoted(name)));
            return Optional.empty();
        } else if (!COMPARABLE.contains(column.get().type().kind())) {
            incremental.problem(text, Code.INVALID_VALUE,
                    "'incremental.cursor_path' names %s of type %s, whose values have no certain order; name another"
                    .formatted(Section.quoted(name), column.get().type()));
            return Optional.empty();
        }
        return column;
    }

    private Optional<String> initialValue(Optional<Column> column) {
        Optional<Text> text = incremental.text("initial_value", "a value such as \"1970-01-01\"");
        Optional<String> value = text.flatMap(t -> variables.expand(incremental, t));
        if (value.isPresent() && column.isPresent() && !isOf(column.get(), value.get().strip())) {
            incremental.problem("initial_value", Code.INVALID_VALUE, "'incremental.initial_value' %s is no %s%s, the type of '%s'"
                    .formatted(
                            Section.quoted(text.orElseThrow().value()),
                            column.get().type(),
                            column.get().format().map(format -> " of the format " + format).orElse(""),
                            column.get().name()));
        }
        return value;
    }

    private static boolean isOf(Column column, String value) {
        try {
            switch (column.type().kind()) {
                case INTEGER -> Integer.parseInt(value);
                case BIGINT -> Long.parseLong(value);
                case NUMERIC -> {
                    return DECIMAL.matcher(value).matches();
                }
                case DATE, TIMESTAMP, TIMESTAMPTZ -> parseTime(column, value);
                default -> {
                    return !value.isEmpty();
                }
            }
            return true;
        } catch (NumberFormatException | DateTimeException e) {
            return false;
        }
    }

    /** Reads a date or a time as the column's records have it: a date alone is its midnight, a blank may stand for the T. */
    private static void parseTime(Column column, String value) {
        if (column.format().isPresent()) {
            DateTimeFormatter.ofPattern(column.format().get(), Locale.ENGLISH).parse(value);
        } else if (column.type().kind() == Kind.DATE || value.length() == 10) {
            LocalDate.parse(value);
        } else if (column.type().kind() == Kind.TIMESTAMP) {
            LocalDateTime.parse(value.replaceFirst(" ", "T"));
        } else {
            DateTimeFormatter.ISO_DATE_TIME.parseBest(value.replaceFirst(" ", "T"), OffsetDateTime::from, LocalDateTime::from);
        }
    }

    private Optional<Duration> lag(Optional<Column> column) {
        Optional<Duration> lag = new DurationReader(variables).read(incremental, "lag", "PT0S", "P36500D");
        if (!incremental.has("lag") || column.isEmpty()) {
            return lag;
        }
        ColumnType type = column.get().type();
        if (!TIMES.contains(type.kind())) {
            incremental.problem("lag", Code.CONFLICTING_KEYS,
                    "'incremental.lag' is for dates and times, '%s' is %s; take it out".formatted(column.get().name(), type));
        } else if (type.kind() == Kind.DATE && lag.filter(l -> !Duration.ofDays(l.toDays()).equals(l)).isPresent()) {
            incremental.problem("lag", Code.INVALID_VALUE, "'incremental.lag' must be whole days, '%s' is a date; write P1D or more"
                    .formatted(column.get().name()));
        }
        return lag;
    }
}
