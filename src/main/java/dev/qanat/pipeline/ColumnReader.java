package dev.qanat.pipeline;

import dev.qanat.failure.Code;
import dev.qanat.pipeline.ColumnType.Kind;
import dev.qanat.pipeline.Section.Entry;
import dev.qanat.pipeline.Section.Text;
import java.math.BigDecimal;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.temporal.TemporalAccessor;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;

/** Reads {@code columns} or {@code schema} of a resource. */
final class ColumnReader {
    /** PostgreSQL's limit is 1,600, and every table has columns of its own. */
    private static final int MAX_COLUMNS = 1500;

    private static final int MAX_PATTERN = 1000;
    private static final Set<Kind> NUMBERS = EnumSet.of(Kind.INTEGER, Kind.BIGINT, Kind.NUMERIC, Kind.DOUBLE);
    private static final Set<Kind> TIMES = EnumSet.of(Kind.DATE, Kind.TIME, Kind.TIMESTAMP, Kind.TIMESTAMPTZ);
    /** Columns that every PostgreSQL table has, and no table may declare. */
    private static final Set<String> SYSTEM_COLUMNS = Set.of("tableoid", "xmin", "cmin", "xmax", "cmax", "ctid");

    private static final List<String> NOT_OF_COMPUTED =
            List.of("from", "pattern", "values", "null_if", "format", "timezone", "pii");

    /** What would be asked of the treated value. */
    private static final List<String> NOT_OF_TREATED = List.of("pattern", "values");

    private static final List<String> NOT_OF_DROPPED =
            List.of("required", "min", "max", "pattern", "values", "format", "timezone");

    private static final Pattern DECIMAL = Pattern.compile("[+-]?\\d{1,400}(?:\\.\\d{1,400})?(?:[eE][+-]?\\d{1,3})?");
    private static final ZonedDateTime SAMPLE = ZonedDateTime.of(2026, 11, 20, 13, 14, 15, 0, ZoneId.of("Europe/Berlin"));

    private final Section all;
    private final Set<String> key;
    private final Set<String> nullIf;

    /**
     * @param all the mapping from names to columns or types
     * @param key the names of the key's columns
     * @param nullIf for columns that say nothing else
     */
    ColumnReader(Section all, Set<String> key, Set<String> nullIf) {
        this.all = all;
        this.key = key;
        this.nullIf = nullIf;
    }

    /** The columns, also those with a problem: others refer to them. */
    List<Column> read(boolean typesOnly) {
        List<Column> columns = new ArrayList<>();
        boolean cut = false;
        for (Entry entry : all.entries()) {
            if (columns.size() == MAX_COLUMNS) {
                all.problem(entry.key(), entry.path(), Code.INVALID_VALUE, "more than %d columns; a table has no room for them"
                        .formatted(MAX_COLUMNS));
                break;
            }
            if (cut && entry.name().endsWith(")")) {
                // The other half of a type that was not quoted, which has been reported.
                cut = false;
                continue;
            }
            cut = entry.value() instanceof ScalarNode scalar && TypeReader.cut(scalar.getValue());
            columns.add(column(entry, typesOnly));
        }
        return columns;
    }

    private Column column(Entry entry, boolean typesOnly) {
        String where = "column " + Section.quoted(entry.name());
        if (entry.value() instanceof ScalarNode || typesOnly) {
            Section place = all.at(where);
            checkName(place, entry, false);
            String expected = "a word such as text" + (typesOnly ? " (for more use 'columns')" : "");
            ColumnType type = place.text(entry.value(), entry.path(), "the type", expected)
                    .flatMap(text -> TypeReader.read(place, text))
                    .orElse(ColumnType.TEXT);
            return plain(entry.name(), type);
        }
        Optional<Section> section = all.section(entry, where, "", "a type or a mapping");
        if (section.isEmpty()) {
            return plain(entry.name(), ColumnType.TEXT);
        }
        Section column = section.get();
        checkName(column, entry, column.has("from"));
        column.allow(Level.COLUMN);
        return column(column, entry.name());
    }

    private Column plain(String name, ColumnType type) {
        return Column.plain(name, type, key.contains(name), nullIf);
    }

    private Column column(Section column, String name) {
        if (column.has("expr")) {
            return computed(column, name);
        }
        Column read = readOrComputed(column, name, from(column).orElse(name));
        Optional<Pii> pii = column.choice("pii", Pii.class);
        pii.ifPresent(how -> checkPersonal(column, read, how));
        return pii.map(read::treated).orElse(read);
    }

    private void checkPersonal(Section column, Column read, Pii how) {
        String word = "'pii: " + how.name().toLowerCase(Locale.ROOT) + "'";
        (how == Pii.DROP ? NOT_OF_DROPPED : NOT_OF_TREATED).stream()
                .filter(column::has)
                .forEach(other -> column.problem(other, Code.CONFLICTING_KEYS,
                        "'%s' asks something of the value, and %s leaves none; take one of them out".formatted(other, word)));
        if (how != Pii.DROP && read.type().kind() != Kind.TEXT && column.has("type")) {
            column.problem("type", Code.CONFLICTING_KEYS,
                    "%s makes a text, the type is %s; write 'type: text'".formatted(word, read.type()));
        }
        if (how != Pii.HASH && key.contains(read.name())) {
            column.problem("pii", Code.CONFLICTING_KEYS,
                    "%s leaves nothing that tells rows apart, and it is part of the primary_key; write 'pii: hash'".formatted(word));
        }
        List<String> around = all.entries().stream()
                .filter(entry -> isJson(entry) && read.from().startsWith(fieldOf(entry) + "__"))
                .map(Entry::name)
                .toList();
        if (!around.isEmpty()) {
            column.problem("pii", Code.CONFLICTING_KEYS,
                    "column '%s' keeps the whole object as JSON, with this value in it; take one of them out".formatted(around.get(0)));
        }
    }

    private static boolean isJson(Entry entry) {
        return told(entry, "type").flatMap(ColumnType::parse).filter(ColumnType::isJson).isPresent();
    }

    private static String fieldOf(Entry entry) {
        return told(entry, "from").orElse(entry.name());
    }

    /** What a column, as it is written, says under a key; of one that is a type alone, that. */
    private static Optional<String> told(Entry entry, String key) {
        if (entry.value() instanceof ScalarNode type) {
            return key.equals("type") ? Optional.of(type.getValue()) : Optional.empty();
        }
        return entry.value() instanceof MappingNode mapping
                ? mapping.getValue().stream()
                        .filter(tuple -> tuple.getKeyNode() instanceof ScalarNode name && name.getValue().equals(key))
                        .map(NodeTuple::getValueNode)
                        .filter(ScalarNode.class::isInstance)
                        .map(value -> ((ScalarNode) value).getValue())
                        .findFirst()
                : Optional.empty();
    }

    private Column readOrComputed(Section column, String name, String from) {
        Optional<ColumnType> declared = column.text("type", "a type").flatMap(text -> TypeReader.read(column, text));
        // What hangs on the type is not judged when the type itself is at fault.
        boolean typeKnown = declared.isPresent() || !column.has("type");
        ColumnType type = declared.orElse(ColumnType.TEXT);

        Optional<Boolean> required = column.flag("required");
        if (key.contains(name) && required.isPresent() && !required.get()) {
            column.problem("required", Code.CONFLICTING_KEYS,
                    "it is part of the primary_key and cannot be optional; take out 'required'");
        }
        Optional<BigDecimal> min = bound(column, "min", type, typeKnown);
        Optional<BigDecimal> max = bound(column, "max", type, typeKnown);
        if (min.isPresent() && max.isPresent() && min.get().compareTo(max.get()) > 0) {
            column.problem("max", Code.INVALID_VALUE, "'max' is less than 'min'; no value can be both");
        }
        return new Column(
                name,
                from,
                type,
                key.contains(name) || required.orElse(false),
                min,
                max,
                pattern(column),
                values(column),
                column.texts("null_if", "a text or a list of texts").map(ColumnReader::set).orElse(nullIf),
                format(column, type, typeKnown),
                timezone(column, type, typeKnown));
    }

    private Column computed(Section column, String name) {
        NOT_OF_COMPUTED.stream()
                .filter(column::has)
                .forEach(key -> column.problem(key, Code.CONFLICTING_KEYS,
                        "'%s' is for what is read, and 'expr' computes it; take one of them out".formatted(key)));
        Optional<Expression> expr = column.text("expr", "an SQL expression such as \"high - low\"")
                .flatMap(text -> ExpressionReader.read(column, "expr", text));
        if (!column.has("type")) {
            column.missing("type", "name the type of what 'expr' gives");
        }
        Column plain = readOrComputed(column, name, name);
        return new Column(
                name,
                name,
                plain.type(),
                plain.required(),
                plain.min(),
                plain.max(),
                Optional.empty(),
                List.of(),
                Set.of(),
                Optional.empty(),
                Optional.empty(),
                // A faulty one is computed all the same, or what names it would be told that it may.
                Optional.of(expr.orElse(Expression.NOTHING)),
                Optional.empty());
    }

    private static void checkName(Section at, Entry entry, boolean hasFrom) {
        String name = entry.name();
        if (name.startsWith("_")) {
            at.problem(entry.key(), entry.path(), Code.INVALID_NAME,
                    "names that start with '_' are the server's own (_run_id …)%s"
                    .formatted(likeColumn(name, hasFrom)));
        } else if (!Identifier.valid(name)) {
            at.problem(entry.key(), entry.path(), Code.INVALID_NAME, "not an allowed name%s"
                    .formatted(likeColumn(name, hasFrom)));
        } else if (SYSTEM_COLUMNS.contains(name)) {
            at.problem(entry.key(), entry.path(), Code.INVALID_NAME,
                    "PostgreSQL keeps this name for itself; write '%s_: { from: %s }'"
                    .formatted(name, name));
        }
    }

    private static String likeColumn(String name, boolean hasFrom) {
        return Identifier.like(name)
                .map(like -> hasFrom
                        ? "; write '%s'".formatted(like)
                        : "; write '%s: { from: %s }'".formatted(like, literal(name)))
                .orElse("; use " + Identifier.RULE);
    }

    /** A text as YAML takes it whatever it holds. */
    private static String literal(String name) {
        return name.contains("\"") ? "'" + Section.line(name).replace("'", "''") + "'" : "\"" + Section.line(name) + "\"";
    }

    private static Optional<String> from(Section column) {
        Optional<Text> text = column.text("from", "a field's name");
        if (text.isPresent() && (text.get().value().isEmpty() || text.get().value().indexOf('\0') >= 0)) {
            column.problem("from", Code.INVALID_VALUE, "'from' names no field; write the field's name, or leave it out");
            return Optional.empty();
        }
        if (text.isPresent() && Variables.used(text.get().value())) {
            column.problem("from", Code.INVALID_VALUE, "'from' is taken as it stands, nothing is put in; write the field's name");
            return Optional.empty();
        }
        return text.map(Text::value);
    }

    private static Optional<BigDecimal> bound(Section column, String bound, ColumnType type, boolean typeKnown) {
        Optional<Text> text = column.text(bound, "a number");
        if (text.isEmpty()) {
            return Optional.empty();
        }
        if (typeKnown && !NUMBERS.contains(type.kind())) {
            column.problem(bound, Code.CONFLICTING_KEYS,
                    "'%s' is for numbers, the type is %s; take one of them out".formatted(bound, type));
            return Optional.empty();
        }
        if (!DECIMAL.matcher(text.get().value()).matches()) {
            column.problem(bound, Code.INVALID_VALUE, "'%s' must be a number such as 0 or -12.5, not %s"
                    .formatted(bound, Section.quoted(text.get().value())));
            return Optional.empty();
        }
        return Optional.of(new BigDecimal(text.get().value()));
    }

    /** The regular expression under {@code pattern}. */
    static Optional<Pattern> pattern(Section column) {
        Optional<Text> text = column.text("pattern", "a regular expression");
        if (text.isEmpty()) {
            return Optional.empty();
        }
        if (text.get().value().length() > MAX_PATTERN) {
            column.problem("pattern", Code.INVALID_VALUE,
                    "'pattern' is longer than %d characters; make it simpler".formatted(MAX_PATTERN));
            return Optional.empty();
        }
        try {
            return Optional.of(Pattern.compile(text.get().value()));
        } catch (PatternSyntaxException e) {
            column.problem("pattern", Code.INVALID_VALUE, "'pattern' %s is no regular expression: %s near character %d; mend it"
                    .formatted(Section.quoted(text.get().value()), Section.line(e.getDescription()), e.getIndex() + 1));
            return Optional.empty();
        }
    }

    private static List<String> values(Section column) {
        List<Text> values = column.list("values", "a list of texts").orElse(List.of());
        if (values.isEmpty() && column.isEmptyList("values")) {
            column.problem("values", Code.INVALID_VALUE,
                    "'values' is an empty list, which allows nothing; name values, or take it out");
        }
        return values.stream().map(Text::value).distinct().toList();
    }

    private static Optional<String> format(Section column, ColumnType type, boolean typeKnown) {
        Optional<Text> text = column.text("format", "a date pattern such as dd.MM.yyyy");
        if (text.isEmpty() || !typeKnown) {
            return Optional.empty();
        }
        if (!TIMES.contains(type.kind())) {
            column.problem("format", Code.CONFLICTING_KEYS,
                    "'format' is for dates and times, the type is %s; take one of them out".formatted(type));
            return Optional.empty();
        }
        String written = Section.quoted(text.get().value());
        try {
            DateTimeFormatter formatter = DateTimeFormatter.ofPattern(text.get().value(), Locale.ENGLISH);
            // A pattern is good when it reads back what it has written: 'YYYY-MM-dd' and 'hh:mm' do not.
            TemporalAccessor back = formatter.parse(formatter.format(SAMPLE));
            switch (type.kind()) {
                case DATE -> LocalDate.from(back);
                case TIME -> LocalTime.from(back);
                default -> LocalDateTime.from(back);
            }
            return text.map(Text::value);
        } catch (IllegalArgumentException e) {
            column.problem("format", Code.INVALID_VALUE, "'format' %s is no date pattern: %s; write one such as dd.MM.yyyy"
                    .formatted(written, Section.line(String.valueOf(e.getMessage()))));
        } catch (DateTimeException e) {
            column.problem("format", Code.INVALID_VALUE, "'format' %s does not make a whole %s; write one such as %s"
                    .formatted(written, type, sampleFormat(type.kind())));
        }
        return Optional.empty();
    }

    private static String sampleFormat(Kind kind) {
        return switch (kind) {
            case DATE -> "dd.MM.yyyy";
            case TIME -> "HH:mm:ss";
            default -> "dd.MM.yyyy HH:mm:ss";
        };
    }

    private static Optional<ZoneId> timezone(Section column, ColumnType type, boolean typeKnown) {
        Optional<Text> text = column.text("timezone", "a zone such as Europe/Berlin");
        if (text.isEmpty() || !typeKnown) {
            return Optional.empty();
        }
        if (type.kind() != Kind.TIMESTAMPTZ) {
            column.problem("timezone", Code.CONFLICTING_KEYS,
                    "'timezone' is for timestamptz, the type is %s; take one of them out".formatted(type));
            return Optional.empty();
        }
        try {
            return Optional.of(ZoneId.of(text.get().value()));
        } catch (DateTimeException e) {
            column.problem("timezone", Code.INVALID_VALUE, "unknown timezone %s%s"
                    .formatted(
                            Section.quoted(text.get().value()),
                            Suggestion.exactCase(text.get().value(), ZoneId.getAvailableZoneIds())
                                    .map(Suggestion::ask)
                                    .orElse("; write one such as Europe/Berlin or UTC")));
            return Optional.empty();
        }
    }

    static Set<String> set(List<Text> texts) {
        Set<String> set = new LinkedHashSet<>();
        texts.forEach(text -> set.add(text.value()));
        return set;
    }
}
