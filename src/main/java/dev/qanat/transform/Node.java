package dev.qanat.transform;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * A model, a seed, a source or a test.
 *
 * @param uniqueId such as {@code model.shop.orders}, as dbt makes it
 * @param name unique among models and seeds; of a source {@code source.table}
 * @param file relative to the project, with slashes: of the SQL or CSV, or of the YAML that declares it
 * @param line in the file where it is declared; 1 for a file of its own
 * @param fqn the project, the folders and the name, by which configuration and selection find it
 * @param relation where it stands; of a test where its failures go if they are stored, of an ephemeral model the name it would have
 * @param dependsOn the unique ids of what it reads, as found by rendering it as dbt does
 * @param columns described in YAML, by name
 * @param attachedTo of a generic test the unique id of what it was declared for
 */
public record Node(
        String uniqueId,
        Kind kind,
        String name,
        String file,
        int line,
        List<String> fqn,
        NodeConfig config,
        Relation relation,
        Set<String> dependsOn,
        String description,
        Map<String, Column> columns,
        Optional<String> attachedTo) {

    public enum Kind {
        MODEL,
        SEED,
        SOURCE,
        TEST
    }

    /**
     * A column that is described.
     *
     * @param dataType as declared; empty if it is not
     * @param pii whether its values are personal, as its {@code meta} says; empty if it says nothing
     */
    public record Column(String name, String description, String dataType, Optional<Boolean> pii) {}

    /**
     * Whether columns hold personal values, as {@code meta} says: by their names as they are written and in lower case, and under
     * {@code *} for all others. Empty where nothing is said.
     */
    public Map<String, Boolean> pii() {
        Map<String, Boolean> marks = new TreeMap<>();
        config.pii().ifPresent(pii -> marks.put("*", pii));
        columns.values().forEach(column -> column.pii().ifPresent(pii -> {
            marks.putIfAbsent(column.name().toLowerCase(Locale.ROOT), pii);
            marks.put(column.name(), pii);
        }));
        return marks;
    }

    public boolean isEphemeral() {
        return kind == Kind.MODEL && config.materialized().equals("ephemeral");
    }
}
