package dev.qanat.lineage;

import static dev.qanat.load.TableName.quoted;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import dev.qanat.ledger.Run;
import dev.qanat.ledger.Runs;
import dev.qanat.lineage.Catalogue.Column;
import dev.qanat.lineage.Catalogue.Table;
import dev.qanat.lineage.RecordMatch.Item;
import dev.qanat.lineage.RowOrigin.Bronze;
import dev.qanat.lineage.RowOrigin.Found;
import dev.qanat.lineage.RowOrigin.Status;
import dev.qanat.load.TableName;
import dev.qanat.load.Target;
import dev.qanat.pipeline.Child;
import dev.qanat.pipeline.InvalidPipeline;
import dev.qanat.pipeline.Pipeline;
import dev.qanat.pipeline.Pipelines;
import dev.qanat.pipeline.Resource;
import dev.qanat.pipeline.Suggestion;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.sql.DataSource;

/** Leads from a stored row back to its record. Safe for use by several threads. */
@ApplicationScoped
public class RowOrigins {

    /** Enough to read some million rows where no index helps. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    /** Records of one position that are looked at: as many pages may have a first record. */
    private static final int MOST_RECORDS = 10_000;

    /** Of a record that is shown, in bytes. */
    private static final int MOST_BYTES = 1 << 20;

    private static final int RECORDS_AT_ONCE = 50;
    private static final String ORDINAL = "_ordinal";
    private static final String CANCELED = "57014";
    private static final String NO_SUCH_OPERATOR = "42883";
    private static final Set<String> ADDED = Set.of("_run_id", "_position", "_row_hash", "_created_at", "_updated_at");
    private static final ObjectMapper JSON = new ObjectMapper();

    private final DataSource dataSource;
    private final Catalogue catalogue;
    private final Runs runs;
    private final Pipelines pipelines;

    RowOrigins(DataSource dataSource, Catalogue catalogue, Runs runs, Pipelines pipelines) {
        this.dataSource = dataSource;
        this.catalogue = catalogue;
        this.runs = runs;
        this.pipelines = pipelines;
    }

    /** @param parent of an item {@code _parent_id}; otherwise empty */
    private record Stored(RowOrigin.Row row, Optional<String> parent, int index) {}

    /** The resource that fills the table, or whose array does. */
    private record Filler(Resource resource, Optional<Child> child) {}

    /**
     * Finds the row and its record.
     *
     * @param table with its schema, such as {@code silver.sales}
     * @param key values by column that only this row has
     * @param hidden columns that are not there for whoever asks
     * @throws InputFailure {@code not_found} for a table or a row that is not there, {@code invalid_request} when it cannot be told
     *     which row is meant
     */
    public RowOrigin find(String table, Map<String, String> key, Set<String> hidden) throws SQLException {
        Table stored = table(table);
        for (String name : key.keySet()) {
            if (hidden.contains(name)) {
                throw unknownColumn(stored, name, hidden);
            }
        }
        Stored row = row(stored, key);
        Optional<Run> run = runs.find(row.row().run());
        if (run.isEmpty()) {
            String reason = "the ledger does not have run " + row.row().run() + " any more";
            return new RowOrigin(table, row.row(), run, Optional.empty(), Optional.empty(), unknown(reason));
        }
        Optional<Run.RunFile> file = file(run.get());
        String version = "version %d of pipeline %s".formatted(run.get().configVersion(), run.get().pipeline());
        try {
            Optional<Filler> filler = filler(pipelines.at(run.get().pipeline(), run.get().configVersion()), stored.name());
            return new RowOrigin(
                    table,
                    row.row(),
                    run,
                    filler.map(each -> each.resource().name()),
                    file,
                    filler.isPresent() ? bronze(run.get(), filler.get(), row) : unknown(version + " does not load " + table));
        } catch (InvalidPipeline e) {
            String reason = version + " cannot be read any more: " + e.getMessage();
            return new RowOrigin(table, row.row(), run, Optional.empty(), file, unknown(reason));
        }
    }

    private static Bronze unknown(String reason) {
        return new Bronze(Optional.empty(), Status.NOT_FOUND, reason, Optional.empty());
    }

    private Table table(String asked) throws SQLException {
        String[] parts = asked.split("\\.", 2);
        Optional<Table> found = parts.length < 2 || asked.indexOf('\0') >= 0
                ? Optional.empty()
                : catalogue.find(new TableName(parts[0], parts[1]));
        Table table = found.orElseThrow(() -> new InputFailure(Code.NOT_FOUND, "there is no table '%s'%s".formatted(
                asked.replace('\0', '\uFFFD'),
                asked.startsWith("silver.") ? "" : "; write it with its schema, such as silver.sales")));
        if (!ADDED.stream().allMatch(column -> table.column(column).isPresent())) {
            throw new InputFailure(
                    Code.INVALID_REQUEST,
                    "table: rows of %1$s were not loaded by a pipeline; GET /api/v1/lineage?node=%1$s&direction=upstream tells what they are made of"
                            .formatted(asked));
        }
        return table;
    }

    private Stored row(Table table, Map<String, String> key) throws SQLException {
        List<Column> columns = new ArrayList<>();
        for (String name : key.keySet()) {
            columns.add(table.column(name).orElseThrow(() -> unknownColumn(table, name, Set.of())));
        }
        if (columns.isEmpty()) {
            throw new InputFailure(Code.INVALID_REQUEST, "which row of %s? Name it by %s".formatted(table.name(), names(table)));
        }
        boolean item = table.column(Child.PARENT_ID).isPresent() && table.column(Child.INDEX).isPresent();
        String sql = "SELECT _run_id, _position, encode(_row_hash, 'hex') AS _row_hash, _created_at, _updated_at"
                + (item ? ", " + quoted(Child.PARENT_ID) + ", " + quoted(Child.INDEX) : "")
                + " FROM " + table.name().sql() + " WHERE "
                + columns.stream()
                        .map(column -> quoted(column.name()) + " = CAST(? AS " + column.baseType() + ")")
                        .collect(Collectors.joining(" AND "))
                + " LIMIT 2";
        try (Connection connection = dataSource.getConnection()) {
            return reading(connection, () -> {
                try (PreparedStatement select = connection.prepareStatement(sql)) {
                    for (int i = 0; i < columns.size(); i++) {
                        Column column = columns.get(i);
                        String value = key.get(column.name());
                        boolean digits = column.baseType().equals("bytea") && !value.startsWith("\\x");
                        select.setString(i + 1, digits ? "\\x" + value : value);
                    }
                    try (ResultSet row = select.executeQuery()) {
                        return only(row, table, item);
                    }
                }
            });
        } catch (SQLException e) {
            throw refused(e, table);
        }
    }

    private static Stored only(ResultSet row, Table table, boolean item) throws SQLException {
        if (!row.next()) {
            throw new InputFailure(Code.NOT_FOUND, "%s has no row with these values".formatted(table.name()));
        }
        Stored stored = new Stored(
                new RowOrigin.Row(
                        row.getLong("_run_id"),
                        row.getLong("_position"),
                        row.getString("_row_hash"),
                        row.getObject("_created_at", OffsetDateTime.class).toInstant(),
                        row.getObject("_updated_at", OffsetDateTime.class).toInstant()),
                item ? Optional.ofNullable(row.getString(Child.PARENT_ID)) : Optional.empty(),
                item ? row.getInt(Child.INDEX) : 0);
        if (row.next()) {
            throw new InputFailure(
                    Code.INVALID_REQUEST, "several rows of %s have these values; name one by %s".formatted(table.name(), names(table)));
        }
        return stored;
    }

    private static String names(Table table) {
        return table.key().isEmpty()
                ? "_row_hash, and _run_id and _position where rows are the same"
                : String.join(", ", table.key());
    }

    private static InputFailure unknownColumn(Table table, String name, Set<String> hidden) {
        return new InputFailure(
                Code.INVALID_REQUEST,
                "%s has no column '%s'%s".formatted(
                        table.name(),
                        name,
                        Suggestion.of(name, table.columns().stream().map(Column::name).filter(each -> !hidden.contains(each)).toList()).map(Suggestion::ask).orElse("")));
    }

    /** What the database does not take is the request's fault, unless something is wrong with the database, which is handed on. */
    private static SQLException refused(SQLException e, Table table) {
        String state = String.valueOf(e.getSQLState());
        if (state.startsWith("22")) {
            throw new InputFailure(Code.INVALID_REQUEST, "a value is none of its column's type: " + firstLine(e), e);
        }
        if (state.equals(NO_SUCH_OPERATOR)) {
            throw new InputFailure(Code.INVALID_REQUEST, "a column of this type finds no row; name it by " + names(table), e);
        }
        if (state.equals(CANCELED)) {
            throw new InputFailure(
                    Code.INVALID_REQUEST,
                    "the row was not found within %d seconds; name it by %s".formatted(PATIENCE.toSeconds(), names(table)),
                    e);
        }
        return e;
    }

    private static String firstLine(SQLException e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse("").replaceFirst("^ERROR: ", "");
    }

    private static Optional<Filler> filler(Pipeline pipeline, TableName table) {
        for (Resource resource : pipeline.resources()) {
            if (new Target(pipeline.name(), resource).silver().equals(table)) {
                return Optional.of(new Filler(resource, Optional.empty()));
            }
            for (Child child : resource.children()) {
                if (new Target(pipeline.name(), child.stored()).silver().equals(table)) {
                    return Optional.of(new Filler(resource, Optional.of(child)));
                }
            }
        }
        return Optional.empty();
    }

    /** The run's file, or that of the run whose rejections it checked again. */
    private Optional<Run.RunFile> file(Run run) {
        return run.file().or(() -> run.replays().flatMap(runs::find).flatMap(Run::file));
    }

    private Bronze bronze(Run run, Filler filler, Stored row) throws SQLException {
        Resource resource = filler.resource();
        if (run.trigger() == Run.Trigger.EDIT) {
            String reason = "the row was written over HTTP; its changes tell by whom, and what stood there before";
            return new Bronze(Optional.empty(), Status.NOT_KEPT, reason, Optional.empty());
        }
        if (!resource.keepBronze()) {
            return new Bronze(
                    Optional.empty(), Status.NOT_KEPT, "the pipeline says bronze: {keep: none} for '" + resource.name() + "'", Optional.empty());
        }
        TableName table = new Target(run.pipeline(), resource).bronze();
        Optional<Table> kept = catalogue.find(table);
        if (kept.isEmpty()) {
            return new Bronze(Optional.of(table.toString()), Status.NOT_FOUND, "there is no table " + table, Optional.empty());
        }
        List<RecordMatch> matches = new ArrayList<>();
        for (Filler each : readings(run, filler)) {
            matches.add(new RecordMatch(
                    each.resource(),
                    each.child().map(child -> new Item(child, parent(each.resource(), row.parent().orElse("")), row.index())),
                    new Target(run.pipeline(), each.resource()).contract(dataSource),
                    row.row().hash(),
                    row.row().position()));
        }
        try (Connection connection = dataSource.getConnection()) {
            return reading(connection, () -> find(connection, kept.get(), row.row(), matches));
        } catch (SQLException e) {
            if (!CANCELED.equals(e.getSQLState())) {
                throw e;
            }
            return new Bronze(
                    Optional.of(table.toString()),
                    Status.TIMED_OUT,
                    "%s was not searched within %d seconds; its rows have _run_id %d and _position %d"
                            .formatted(table, PATIENCE.toSeconds(), row.row().run(), row.row().position()),
                    Optional.empty());
        }
    }

    /** How the run read the record, and how it is read now: silver may have been built again by another contract since. */
    private List<Filler> readings(Run run, Filler then) {
        Optional<Filler> now = pipelines.active(run.pipeline())
                .filter(active -> active.version() != run.configVersion())
                .flatMap(active -> active.pipeline().resource(then.resource().name()))
                .flatMap(resource -> then.child().isEmpty()
                        ? Optional.of(new Filler(resource, Optional.empty()))
                        : resource.children().stream()
                                .filter(child -> child.field().equals(then.child().get().field()))
                                .map(child -> new Filler(resource, Optional.of(child)))
                                .findFirst());
        return Stream.concat(Stream.of(then), now.stream()).toList();
    }

    /** The parts of the parent's key. */
    private static List<String> parent(Resource resource, String id) {
        if (resource.primaryKey().size() < 2) {
            return List.of(id);
        }
        try {
            return JSON.readValue(id, new TypeReference<List<String>>() {});
        } catch (JsonProcessingException e) {
            // The key had one column then.
            return List.of(id);
        }
    }

    /**
     * Of several that give the row, the last one of the first landing did: a landing keeps the last record of a kind, and leaves alone
     * what is stored already.
     */
    private static Bronze find(Connection connection, Table kept, RowOrigin.Row row, List<RecordMatch> matching) throws SQLException {
        TableName table = kept.name();
        boolean ordered = kept.column(ORDINAL).isPresent();
        try (PreparedStatement select = connection.prepareStatement("SELECT _source, _loaded_at, "
                + "CASE WHEN octet_length(record::text) <= " + MOST_BYTES + " THEN record::text END AS record, "
                + (ordered ? ORDINAL + ", _from_text" : "NULL::bigint AS _ordinal, NULL::boolean AS _from_text") + " FROM " + table.sql()
                + " WHERE _run_id = ? AND _position = ?" + (ordered ? " AND _left_out IS NOT TRUE" : "")
                + " LIMIT " + MOST_RECORDS)) {
            select.setFetchSize(RECORDS_AT_ONCE);
            select.setLong(1, row.run());
            select.setLong(2, row.position());
            Optional<Kept> first = Optional.empty();
            List<Kept> giving = new ArrayList<>();
            long records = 0;
            try (ResultSet record = select.executeQuery()) {
                while (record.next()) {
                    records++;
                    Kept one = kept(record);
                    first = first.or(() -> Optional.of(one));
                    Boolean text = record.getObject("_from_text", Boolean.class);
                    if (one.found().record().filter(json -> matching.stream().anyMatch(match -> match.gives(json, text))).isPresent()) {
                        giving.add(one);
                    }
                }
            }
            if (records == 0) {
                return new Bronze(
                        Optional.of(table.toString()),
                        Status.NOT_FOUND,
                        "%s has no record of run %d at position %d any more%s".formatted(table, row.run(), row.position(), kept(matching)),
                        Optional.empty());
            }
            // A record that is alone at its position is the row's, also when no contract would read it in this way today.
            Optional<Kept> found = records == 1 ? first : giving.stream().min(Kept.GIVES_FIRST);
            boolean told = records == 1 || giving.size() == 1 || giving.stream().allMatch(each -> each.ordinal() >= 0);
            return told && found.isPresent()
                    ? new Bronze(Optional.of(table.toString()), Status.FOUND, "", found.map(Kept::found))
                    : new Bronze(
                            Optional.of(table.toString()),
                            Status.AMBIGUOUS,
                            "%d records of run %d in %s have position %d, and %d of them give this row"
                                    .formatted(records, row.run(), table, row.position(), giving.size()),
                            Optional.empty());
        }
    }

    private static String kept(List<RecordMatch> matching) {
        return matching.stream()
                .flatMap(match -> match.resource().bronzeRetention().stream())
                .findFirst()
                .map(time -> "; the pipeline keeps them for " + time.toDays() + " days")
                .orElse("");
    }

    /** @param ordinal the record's place in its landing; -1 where an earlier version has kept it without */
    private record Kept(Found found, long ordinal) {

        static final Comparator<Kept> GIVES_FIRST =
                Comparator.<Kept, Instant>comparing(kept -> kept.found().loadedAt()).thenComparing(Comparator.comparing(Kept::ordinal).reversed());
    }

    private static Kept kept(ResultSet record) throws SQLException {
        Long ordinal = record.getObject(ORDINAL, Long.class);
        return new Kept(
                new Found(
                        record.getString("_source"),
                        record.getObject("_loaded_at", OffsetDateTime.class).toInstant(),
                        Optional.ofNullable(record.getString("record"))),
                ordinal == null ? -1 : ordinal);
    }

    private interface Work<T> {
        T done() throws SQLException;
    }

    /** Works in a transaction that cannot write, and ends it. */
    private static <T> T reading(Connection connection, Work<T> work) throws SQLException {
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            statement.execute("SET TRANSACTION READ ONLY; SET LOCAL TIME ZONE 'UTC'; SET LOCAL statement_timeout = " + PATIENCE.toMillis());
            return work.done();
        } finally {
            connection.rollback();
            connection.setAutoCommit(true);
        }
    }
}
