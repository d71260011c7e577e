package dev.qanat.pipeline;

import dev.qanat.failure.Code;
import dev.qanat.pipeline.ColumnType.Kind;
import dev.qanat.pipeline.FileRules.Format;
import dev.qanat.pipeline.Resource.Dedup;
import dev.qanat.pipeline.Resource.WriteDisposition;
import dev.qanat.pipeline.SchemaContract.Mode;
import dev.qanat.pipeline.Section.Text;
import dev.qanat.pipeline.Variables.Request;
import java.math.BigDecimal;
import java.nio.charset.Charset;
import java.nio.file.FileSystems;
import java.time.Duration;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Collectors;

/** Reads one entry of {@code resources}. */
final class ResourceReader {
    private static final int MAX_SKIP_LINES = 1_000_000;
    private static final int MAX_DELIMITER = 8;
    /** PostgreSQL's limit for the columns of an index. */
    static final int MAX_KEY_COLUMNS = 32;

    private static final Set<Kind> NO_KEYS = EnumSet.of(Kind.JSON, Kind.JSONB, Kind.DOUBLE);
    private static final List<String> OF_APIS = List.of("endpoint", "partitions", "incremental");
    private static final Pattern COUNT = Pattern.compile("\\d{1,15}");
    private static final Pattern SHARE = Pattern.compile("(\\d{1,3}(?:\\.\\d{1,6})?)\\s*%");

    private final Section resource;
    private final Variables variables;
    private final SourceReader sources;

    ResourceReader(Section resource, Variables variables, SourceReader sources) {
        this.resource = resource;
        this.variables = variables;
        this.sources = sources;
    }

    /** The resource; with stand-ins, and problems reported, for what is not as it should be. */
    Resource read(String name) {
        resource.allow(Level.RESOURCE);
        String source = source();
        FileRules files =
                resource.section("files", Level.FILES).map(section -> files(section, source)).orElse(FileRules.DEFAULT);
        Optional<List<Text>> key = key();
        Set<String> keyNames = ColumnReader.set(key.orElse(List.of()));
        List<Column> columns = columns(keyNames, files.nullIf());
        key.ifPresent(k -> checkKey(k, columns));
        boolean keyed = resource.has("primary_key");
        WriteDisposition disposition = disposition(keyed);
        Dedup dedup = dedup(keyed, disposition);
        Optional<Section> bronze = resource.section("bronze", Level.BRONZE);
        boolean keepBronze = keeps(bronze);
        Resource read = new Resource(
                name,
                source,
                files,
                table(name),
                columns,
                List.copyOf(keyNames),
                disposition,
                dedup,
                schemaContract(),
                maxErrors(),
                keepBronze,
                resource.text("where", "an SQL condition such as \"volume > 0\"")
                        .flatMap(text -> ExpressionReader.read(resource, "where", text)),
                polling(source, columns, disposition, dedup));
        return read.with(new ServingReader(resource, columns.stream().filter(column -> !column.isDropped()).toList()).read())
                .keeping(retention(bronze, keepBronze));
    }

    private String source() {
        List<String> sourceNames = sources.names();
        Optional<Text> text = resource.text("source", "the name of a source");
        if (text.isPresent() && !sourceNames.contains(text.get().value())) {
            String word = text.get().value();
            resource.problem("source", Code.UNKNOWN_REFERENCE, "no source %s%s"
                    .formatted(
                            Section.quoted(word),
                            Suggestion.of(word, sourceNames)
                                    .map(Suggestion::ask)
                                    .orElse(sourceNames.isEmpty()
                                            ? "; declare it under 'sources'"
                                            : "; there are " + String.join(", ", sourceNames))));
        }
        if (!resource.has("source") && sourceNames.size() > 1) {
            resource.missing("source", "name one of " + String.join(", ", sourceNames));
        }
        return text.map(Text::value).orElse(sourceNames.isEmpty() ? "" : sourceNames.get(0));
    }

    private String table(String name) {
        Optional<Text> text = resource.text("table", "a table's name");
        if (text.isPresent() && !Identifier.valid(text.get().value())) {
            resource.problem("table", Code.INVALID_NAME, "table name %s is not allowed; use %s%s"
                    .formatted(
                            Section.quoted(text.get().value()),
                            Identifier.RULE,
                            Identifier.like(text.get().value()).map(l -> ", such as '" + l + "'").orElse("")));
        }
        return text.map(Text::value).orElse(name);
    }

    private FileRules files(Section files, String source) {
        Optional<String> word = files.word("format", List.of("auto", "csv", "tsv", "txt", "json", "ndjson", "jsonl"));
        Optional<Format> format = switch (word.orElse("auto")) {
            case "csv", "tsv", "txt" -> Optional.of(Format.CSV);
            case "json" -> Optional.of(Format.JSON);
            case "ndjson", "jsonl" -> Optional.of(Format.NDJSON);
            default -> Optional.empty();
        };
        Optional<Section> csv = files.section("csv", Level.CSV);
        if (files.has("csv") && format.isPresent() && format.get() != Format.CSV) {
            files.problem("csv", Code.CONFLICTING_KEYS,
                    "'files.csv' says nothing of format %s; take one of them out".formatted(word.get()));
        }
        if (sources.isApi(source)) {
            checkOfApi(files, List.of("glob", "format"), source);
            csv.ifPresent(section -> checkOfApi(section, List.of("delimiter", "encoding", "header", "skip_lines"), source));
        }
        Optional<String> delimiter = csv.flatMap(ResourceReader::delimiter);
        if (word.isPresent() && word.get().equals("tsv")) {
            if (delimiter.isPresent() && !delimiter.get().equals("\t")) {
                csv.get().problem("delimiter", Code.CONFLICTING_KEYS, "format tsv is delimited by tabs; write 'format: csv'");
            }
            delimiter = Optional.of("\t");
        }
        return new FileRules(
                glob(files),
                format,
                delimiter,
                csv.flatMap(ResourceReader::encoding),
                csv.flatMap(c -> c.word("header", List.of("auto", "true", "false")))
                        .filter(h -> !h.equals("auto"))
                        .map(h -> h.equals("true")),
                csv.flatMap(c -> c.number("skip_lines", 0, MAX_SKIP_LINES)).orElse(0),
                csv.flatMap(c -> c.texts("null_if", "a text or a list of texts"))
                        .map(ColumnReader::set)
                        .orElse(FileRules.DEFAULT_NULL_IF));
    }

    private static void checkOfApi(Section section, List<String> keys, String source) {
        keys.stream()
                .filter(section::has)
                .forEach(key -> section.problem(key, Code.CONFLICTING_KEYS, "%s is for files, and source '%s' is an API; %s"
                        .formatted(
                                section.label(key),
                                source,
                                key.equals("format") ? "write 'endpoint.format'" : "take it out")));
    }

    private Optional<Polling> polling(String source, List<Column> columns, WriteDisposition disposition, Dedup dedup) {
        if (sources.isFiles(source)) {
            OF_APIS.stream()
                    .filter(resource::has)
                    .forEach(key -> resource.problem(key, Code.CONFLICTING_KEYS,
                            "'%s' is for APIs, and source '%s' has files; take it out".formatted(key, source)));
            return Optional.empty();
        }
        if (sources.isApi(source) && !resource.has("endpoint")) {
            resource.missing("endpoint", "say what is asked for, such as 'endpoint: { path: /query }'");
        }
        Optional<Section> cursor = resource.section("incremental", Level.INCREMENTAL);
        Optional<Incremental> incremental = cursor.map(section -> new IncrementalReader(section, variables, columns).read());
        if (incremental.isPresent() && disposition == WriteDisposition.REPLACE) {
            resource.problem("incremental", Code.CONFLICTING_KEYS,
                    "'incremental' fetches what is new, and write_disposition 'replace' keeps nothing else; take one of them out");
        }
        boolean doubles = disposition == WriteDisposition.APPEND && dedup != Dedup.ROW_HASH;
        if (doubles && incremental.filter(Incremental::fetchesAgain).isPresent()) {
            resource.problem("incremental", Code.CONFLICTING_KEYS, ("'incremental' fetches the last records again at each run, and with dedup '%s'"
                    + " they are appended again; write 'dedup: row_hash', or 'range_start: open' and no 'lag'")
                    .formatted(dedup.name().toLowerCase(Locale.ROOT)));
        }
        PartitionReader reader = new PartitionReader(resource, variables, columns);
        List<Map<String, String>> partitions = reader.read();
        Request request = new Request(reader.names(), resource.has("incremental") ? IncrementalReader.VALUES : Set.of());
        return resource.section("endpoint", Level.ENDPOINT).map(section -> {
            int before = section.problemsSoFar();
            Endpoint endpoint = new EndpointReader(section, variables, request).read();
            if (section.problemsSoFar() == before) {
                checkReferences(endpoint, reader.names(), cursor);
            }
            return new Polling(endpoint, partitions, incremental);
        });
    }

    private void checkReferences(Endpoint endpoint, Set<String> partitions, Optional<Section> cursor) {
        Set<Template.Reference> references = endpoint.templates()
                .flatMap(template -> template.parts().stream())
                .filter(Template.Reference.class::isInstance)
                .map(Template.Reference.class::cast)
                .collect(Collectors.toSet());
        for (String name : partitions) {
            if (!references.contains(new Template.Reference("partition", name))) {
                resource.problem("partitions", Code.CONFLICTING_KEYS,
                        "no request differs by partition %s; write '{{ partition.%s }}' in the endpoint, or take it out"
                        .formatted(Section.quoted(name), Section.line(name)));
            }
        }
        cursor.filter(section -> endpoint.asksFromStart() && !section.has("initial_value"))
                .ifPresent(section -> section.missing(
                        "initial_value", "the endpoint names a value that the first run has from it alone"));
    }

    private Optional<String> glob(Section files) {
        Optional<Text> text = files.text("glob", "a pattern of file names such as \"*.csv\"");
        Optional<String> glob = text.flatMap(t -> variables.expand(files, t));
        if (glob.isEmpty()) {
            return Optional.empty();
        }
        String written = Section.quoted(text.orElseThrow().value());
        if (glob.get().isBlank() || glob.get().indexOf('/') >= 0 || glob.get().indexOf('\0') >= 0) {
            files.problem("glob", Code.INVALID_VALUE,
                    "'files.glob' %s matches no name of a file; write names without folders, such as \"*.csv\""
                    .formatted(written));
            return Optional.empty();
        }
        try {
            FileSystems.getDefault().getPathMatcher("glob:" + glob.get());
            return glob;
        } catch (PatternSyntaxException e) {
            files.problem("glob", Code.INVALID_VALUE, "'files.glob' %s is no pattern: %s; write one such as \"*.{csv,txt}\""
                    .formatted(written, Section.line(e.getDescription())));
            return Optional.empty();
        }
    }

    private static Optional<String> delimiter(Section csv) {
        Optional<String> text = csv.text("delimiter", "'auto' or the characters between two fields").map(Text::value);
        if (text.isEmpty() || text.get().equals("auto")) {
            return Optional.empty();
        }
        // In YAML only "\t" is a tab, not '\t' and not \t; nobody means the other two.
        String delimiter = text.get().equals("\\t") ? "\t" : text.get();
        if (delimiter.isEmpty() || delimiter.length() > MAX_DELIMITER || delimiter.matches("(?s).*[\"\\n\\r\\x00].*")) {
            csv.problem("delimiter", Code.INVALID_VALUE, ("'files.csv.delimiter' %s cannot stand between fields; "
                    + "write 1 to %d characters without quotes and line breaks").formatted(Section.quoted(delimiter), MAX_DELIMITER));
            return Optional.empty();
        }
        return Optional.of(delimiter);
    }

    private static Optional<Charset> encoding(Section csv) {
        Optional<String> text = csv.text("encoding", "'auto' or an encoding such as windows-1252").map(Text::value);
        if (text.isEmpty() || text.get().equals("auto")) {
            return Optional.empty();
        }
        try {
            return Optional.of(Charset.forName(text.get()));
        } catch (IllegalArgumentException e) {
            csv.problem("encoding", Code.INVALID_VALUE, "unknown encoding %s%s"
                    .formatted(
                            Section.quoted(text.get()),
                            Suggestion.exactCase(text.get(), Charset.availableCharsets().keySet())
                                    .map(Suggestion::ask)
                                    .orElse("; write one such as utf-8 or windows-1252")));
            return Optional.empty();
        }
    }

    private List<Column> columns(Set<String> keyNames, Set<String> nullIf) {
        if (resource.has("columns") && resource.has("schema")) {
            resource.problem("schema", Code.CONFLICTING_KEYS, "'columns' and 'schema' both declare the columns; keep one");
            return List.copyOf(read("columns", keyNames, nullIf));
        }
        return List.copyOf(read(resource.has("schema") ? "schema" : "columns", keyNames, nullIf));
    }

    private List<Column> read(String from, Set<String> keyNames, Set<String> nullIf) {
        boolean typesOnly = from.equals("schema");
        return resource.named(from, typesOnly ? "a mapping such as { sku: text }" : "a mapping from names to columns")
                .map(section -> new ColumnReader(section, keyNames, nullIf).read(typesOnly))
                .orElse(List.of());
    }

    private Optional<List<Text>> key() {
        Optional<List<Text>> key = resource.texts("primary_key", "a column's name or a list of them");
        if (key.isPresent() && key.get().isEmpty()) {
            resource.problem("primary_key", Code.INVALID_VALUE, "'primary_key' is an empty list; name columns, or take it out");
        }
        if (key.isPresent() && key.get().size() > MAX_KEY_COLUMNS) {
            resource.problem("primary_key", Code.INVALID_VALUE,
                    "'primary_key' has more than %d columns; name fewer".formatted(MAX_KEY_COLUMNS));
        }
        return key;
    }

    private void checkKey(List<Text> key, List<Column> columns) {
        Set<String> seen = new LinkedHashSet<>();
        for (Text text : key) {
            String name = text.value();
            Optional<Column> column = columns.stream().filter(c -> c.name().equals(name)).findFirst();
            if (!seen.add(name)) {
                resource.problem(text, Code.DUPLICATE_KEY,
                        "'primary_key' names %s twice; keep one".formatted(Section.quoted(name)));
            } else if (column.isEmpty()) {
                List<String> names = columns.stream().map(Column::name).toList();
                resource.problem(text, Code.UNKNOWN_REFERENCE, "'primary_key' names %s, which is not declared%s"
                        .formatted(
                                Section.quoted(name),
                                Suggestion.of(name, names).map(Suggestion::ask).orElse("; declare it under 'columns'")));
            } else if (NO_KEYS.contains(column.get().type().kind())) {
                resource.problem(text, Code.INVALID_VALUE,
                        "'primary_key' names '%s' of type %s, which does not compare exactly; name another"
                        .formatted(name, column.get().type()));
            }
        }
    }

    private WriteDisposition disposition(boolean keyed) {
        WriteDisposition disposition = resource.choice("write_disposition", WriteDisposition.class)
                .orElse(keyed ? WriteDisposition.MERGE : WriteDisposition.APPEND);
        if (disposition == WriteDisposition.MERGE && !keyed) {
            resource.problem("write_disposition", Code.CONFLICTING_KEYS,
                    "write_disposition 'merge' needs a 'primary_key'; name one, or write 'append'");
        }
        return disposition;
    }

    private Dedup dedup(boolean keyed, WriteDisposition disposition) {
        Dedup dedup = resource.choice("dedup", Dedup.class).orElse(keyed ? Dedup.PRIMARY_KEY : Dedup.ROW_HASH);
        if (dedup == Dedup.PRIMARY_KEY && !keyed) {
            resource.problem("dedup", Code.CONFLICTING_KEYS,
                    "dedup 'primary_key' needs a 'primary_key'; name one, or write 'row_hash'");
        } else if (dedup != Dedup.PRIMARY_KEY && keyed && disposition == WriteDisposition.MERGE && resource.has("dedup")) {
            resource.problem("dedup", Code.CONFLICTING_KEYS,
                    "merge keeps one row per key; write 'primary_key', or 'write_disposition: append'");
        }
        return dedup;
    }

    private SchemaContract schemaContract() {
        boolean strict = resource.flag("strict_mode").orElse(false);
        Optional<Section> section = resource.section("schema_contract", Level.SCHEMA_CONTRACT);
        if (strict && resource.has("schema_contract")) {
            resource.problem("strict_mode", Code.CONFLICTING_KEYS,
                    "'strict_mode: true' and 'schema_contract' both say what is kept; keep one");
            return SchemaContract.DEFAULT;
        }
        if (strict) {
            checkDeclared(resource, "strict_mode");
            return SchemaContract.STRICT;
        }
        if (section.isEmpty()) {
            return SchemaContract.DEFAULT;
        }
        Section contract = section.get();
        Mode tables = mode(contract, "tables", EnumSet.of(Mode.EVOLVE, Mode.FREEZE), SchemaContract.DEFAULT.tables());
        Mode columns = mode(contract, "columns", EnumSet.allOf(Mode.class), SchemaContract.DEFAULT.columns());
        Mode dataType = mode(
                contract, "data_type", EnumSet.complementOf(EnumSet.of(Mode.EVOLVE)), SchemaContract.DEFAULT.dataType());
        if (columns == Mode.DISCARD_VALUE || columns == Mode.DISCARD_ROW) {
            checkDeclared(contract, "columns");
        }
        return new SchemaContract(tables, columns, dataType);
    }

    private void checkDeclared(Section at, String key) {
        if (!resource.has("columns") && !resource.has("schema")) {
            at.problem(key, Code.CONFLICTING_KEYS,
                    "only declared columns are kept, and none is declared; declare 'columns' or 'schema'");
        }
    }

    private static Mode mode(Section contract, String key, Set<Mode> built, Mode otherwise) {
        Optional<Mode> mode = contract.choice(key, Mode.class);
        if (mode.isPresent() && !built.contains(mode.get())) {
            String word = mode.get().name().toLowerCase(Locale.ROOT);
            contract.problem(key, Code.NOT_SUPPORTED, "%s is not built yet; write %s"
                    .formatted(
                            contract.label(key + ": " + word),
                            Section.alternatives(built.stream().map(m -> m.name().toLowerCase(Locale.ROOT)).toList())));
            return otherwise;
        }
        return mode.orElse(otherwise);
    }

    private Optional<MaxErrors> maxErrors() {
        Optional<String> text = resource.text("max_errors", "a count such as 100 or a share such as \"1%\"").map(Text::value);
        if (text.isEmpty()) {
            return Optional.empty();
        }
        if (COUNT.matcher(text.get()).matches()) {
            return Optional.of(new MaxErrors(new BigDecimal(text.get()), false));
        }
        Matcher share = SHARE.matcher(text.get());
        if (share.matches() && new BigDecimal(share.group(1)).compareTo(BigDecimal.valueOf(100)) <= 0) {
            return Optional.of(new MaxErrors(new BigDecimal(share.group(1)), true));
        }
        resource.problem("max_errors", Code.INVALID_VALUE,
                "'max_errors' must be a count such as 100 or a share from 0%% to 100%%, not %s"
                .formatted(Section.quoted(text.get())));
        return Optional.empty();
    }

    private static boolean keeps(Optional<Section> bronze) {
        return bronze.flatMap(section -> section.word("keep", List.of("rows", "none"))).orElse("rows").equals("rows");
    }

    private Optional<Duration> retention(Optional<Section> bronze, boolean keeps) {
        Optional<Section> declared = bronze.filter(section -> section.has("retention"));
        if (!keeps) {
            declared.ifPresent(section -> section.problem("retention", Code.CONFLICTING_KEYS,
                    "%s and keep: none do not go together; take one of them out".formatted(section.label("retention"))));
        }
        return declared.flatMap(section -> new DurationReader(variables).read(section, "retention", "P1D", "P36500D"));
    }
}
