package dev.qanat.transform;

import dev.qanat.transform.jinja.None;
import dev.qanat.transform.jinja.Values;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A node's configuration, worked out by dbt's precedence: {@code dbt_project.yml} from the outer folder to the inner, then the
 * properties in YAML, then {@code config()} in the file. Tags and hooks add up, {@code meta} is merged, everything else is replaced.
 * What dbt knows was checked; other keys are kept as they are.
 */
public final class NodeConfig {
    private final Map<String, Object> values;

    NodeConfig(Map<String, Object> values) {
        this.values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
    }

    /** A hook of a model: SQL that is rendered when it runs. */
    public record Hook(String sql, boolean transaction) {}

    /** All values by dbt's keys; {@code pre-hook} and {@code post-hook} with a hyphen. */
    public Map<String, Object> values() {
        return values;
    }

    /** {@code view}, {@code table}, {@code incremental} or {@code ephemeral}; {@code seed} and {@code test} for these. */
    public String materialized() {
        return text("materialized").orElse("view");
    }

    public boolean enabled() {
        return flag("enabled").orElse(true);
    }

    public List<String> tags() {
        return texts("tags");
    }

    /** The columns by which an incremental model replaces rows; empty for none. */
    public List<String> uniqueKey() {
        return texts("unique_key");
    }

    /** {@code append}, {@code delete+insert} or {@code merge}; as dbt on PostgreSQL, delete+insert with a key and append without. */
    public String incrementalStrategy() {
        return text("incremental_strategy").orElse(uniqueKey().isEmpty() ? "append" : "delete+insert");
    }

    /** {@code ignore}, {@code fail}, {@code append_new_columns} or {@code sync_all_columns}. */
    public String onSchemaChange() {
        return text("on_schema_change").orElse("ignore");
    }

    /** Whether the model is always or never rebuilt, whatever the run says; empty if the run decides. */
    public Optional<Boolean> fullRefresh() {
        return flag("full_refresh");
    }

    public List<Hook> preHooks() {
        return hooks("pre-hook");
    }

    public List<Hook> postHooks() {
        return hooks("post-hook");
    }

    /** {@code error} or {@code warn}. */
    public String severity() {
        return text("severity").orElse("error").toLowerCase(Locale.ROOT);
    }

    /** When a test warns, such as {@code != 0}, compared with its count of failures. */
    public String warnIf() {
        return text("warn_if").orElse("!= 0");
    }

    public String errorIf() {
        return text("error_if").orElse("!= 0");
    }

    /** What counts a test's failures. */
    public String failCalc() {
        return text("fail_calc").orElse("count(*)");
    }

    public Optional<Long> limit() {
        return value("limit").map(Long.class::cast);
    }

    public Optional<String> where() {
        return text("where");
    }

    /** Further conditions on the rows that an increment may replace. */
    public List<String> incrementalPredicates() {
        return texts("predicates").isEmpty() ? texts("incremental_predicates") : texts("predicates");
    }

    /** The columns that a merge updates; empty for all. */
    public List<String> mergeUpdateColumns() {
        return texts("merge_update_columns");
    }

    /** The columns that a merge leaves as they are. */
    public List<String> mergeExcludeColumns() {
        return texts("merge_exclude_columns");
    }

    /** Whether the values of all columns are personal, but of those that say it themselves; empty if nothing is said. */
    public Optional<Boolean> pii() {
        return pii(value("meta").orElse(Map.of()));
    }

    /** What {@code meta} says of personal values. */
    static Optional<Boolean> pii(Object meta) {
        return meta instanceof Map<?, ?> map && map.get("pii") instanceof Boolean pii ? Optional.of(pii) : Optional.empty();
    }

    public boolean unlogged() {
        return flag("unlogged").orElse(false);
    }

    /** An index of a table, as dbt on PostgreSQL has it. */
    public record Index(List<String> columns, boolean unique, Optional<String> type) {}

    public List<Index> indexes() {
        List<Index> indexes = new ArrayList<>();
        for (Object index : (List<?>) value("indexes").orElse(List.of())) {
            Map<?, ?> map = (Map<?, ?>) index;
            List<String> columns = ((List<?>) map.get("columns")).stream().map(Values::str).toList();
            indexes.add(new Index(columns, Boolean.TRUE.equals(map.get("unique")), Optional.ofNullable(map.get("type")).map(Values::str)));
        }
        return indexes;
    }

    /** Of a seed: the declared types, by column. */
    public Map<String, String> columnTypes() {
        Map<String, String> types = new LinkedHashMap<>();
        ((Map<?, ?>) value("column_types").orElse(Map.of())).forEach((column, type) -> types.put(Values.str(column), Values.str(type)));
        return types;
    }

    public boolean quoteColumns() {
        return flag("quote_columns").orElse(false);
    }

    /** Of a seed's fields. */
    public char delimiter() {
        return text("delimiter").map(text -> text.charAt(0)).orElse(',');
    }

    public boolean storeFailures() {
        return flag("store_failures").orElse(false);
    }

    Optional<String> text(String key) {
        return value(key).map(Values::str);
    }

    Optional<Boolean> flag(String key) {
        return value(key).map(Boolean.class::cast);
    }

    private List<String> texts(String key) {
        return value(key).stream()
                .flatMap(value -> value instanceof List<?> list ? list.stream() : Stream.of(value))
                .map(Values::str)
                .toList();
    }

    private List<Hook> hooks(String key) {
        List<Hook> hooks = new ArrayList<>();
        for (Object hook : (List<?>) value(key).orElse(List.of())) {
            if (hook instanceof Map<?, ?> map) {
                hooks.add(new Hook(Values.str(map.get("sql")), !Boolean.FALSE.equals(map.get("transaction"))));
            } else {
                hooks.add(new Hook(Values.str(hook), true));
            }
        }
        return hooks;
    }

    Optional<Object> value(String key) {
        return Optional.ofNullable(values.get(key)).filter(value -> !(value instanceof None));
    }
}
