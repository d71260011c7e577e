package dev.qanat.route;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.qanat.validate.FieldChange;
import dev.qanat.validate.Kinds;
import dev.qanat.validate.KnownFields;
import dev.qanat.validate.KnownFields.Compared;
import dev.qanat.validate.KnownFields.Known;
import dev.qanat.validate.Observation;
import io.quarkus.runtime.annotations.RegisterForReflection;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** For a landing: how the fields of its records differ from those that the ledger knows, and what it knows from then on, as JSON. */
@RegisterForReflection
public final class SchemaChanges {

    private static final ObjectMapper JSON = new ObjectMapper();

    /** The changes that are kept of a landing; the others are counted. */
    private static final int MOST = 1_000;

    private final KnownFields known;
    private final List<FieldChange> changes;
    private final boolean goesOn;
    private final boolean learned;

    private SchemaChanges(KnownFields known, List<FieldChange> changes, boolean goesOn, boolean learned) {
        this.known = known;
        this.changes = changes;
        this.goesOn = goesOn;
        this.learned = learned;
    }

    /** A field as the ledger has it. */
    private record Kept(String kinds, @Nullable String column) {}

    /**
     * What bronze holds the ledger knows.
     *
     * @param row of the resource in the ledger; null before its first landing
     */
    static SchemaChanges of(Load load, @Nullable Map<String, Object> row) {
        Observation now = load.observation();
        boolean goesOn = load.goesOn();
        boolean sameRun = row != null && Boolean.TRUE.equals(row.get("same_run")) && row.get("unseen") != null;
        KnownFields before = row == null ? KnownFields.NONE : known(row);
        boolean unsaid = now.fields().isEmpty() && !sameRun;
        if (unsaid || load.isFromBronze() || row == null && load.readsAside()) {
            return new SchemaChanges(before, List.of(), false, false);
        }
        boolean first = row == null || Boolean.TRUE.equals(row.get("first_run"));
        Compared compared = (sameRun ? before : before.unseenAll()).after(now, load.readsWhole());
        boolean learned = row == null || goesOn || !compared.known().fields().equals(before.fields());
        return new SchemaChanges(compared.known(), first ? List.of() : compared.changes(), goesOn, learned);
    }

    private static KnownFields known(Map<String, Object> row) {
        try {
            SortedMap<String, Known> fields = new TreeMap<>();
            JSON.readValue(row.get("fields").toString(), new TypeReference<Map<String, Kept>>() {})
                    .forEach((path, kept) -> fields.put(path, new Known(Kinds.parse(kept.kinds()), kept.column())));
            Object unseen = row.get("unseen");
            SortedSet<String> paths = unseen == null
                    ? new TreeSet<>()
                    : JSON.readValue(unseen.toString(), new TypeReference<TreeSet<String>>() {});
            return new KnownFields(fields, paths);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Whether the ledger has something to note. */
    public boolean isLearned() {
        return learned;
    }

    public int getCount() {
        return changes.size();
    }

    /** All that is known, by path. */
    public String getFields() {
        Map<String, Kept> fields = new LinkedHashMap<>();
        known.fields().forEach((path, field) -> fields.put(path, new Kept(field.kinds().text(), field.column())));
        return json(fields);
    }

    /** The paths that the run may come upon yet; an empty text when it does not go on. */
    public String getUnseen() {
        return goesOn ? json(known.unseen()) : "";
    }

    /** The changes to keep, as rows. */
    public String getChanges() {
        List<Map<String, @Nullable Object>> rows = new ArrayList<>();
        for (FieldChange change : changes.subList(0, Math.min(MOST, changes.size()))) {
            Map<String, @Nullable Object> row = new LinkedHashMap<>();
            row.put("path", change.path());
            row.put("change", change.change().id());
            row.put("from_kinds", text(change.from()));
            row.put("to_kinds", text(change.to()));
            row.put("column_name", change.column());
            row.put("action", change.action().id());
            rows.add(row);
        }
        return json(rows);
    }

    private static @Nullable String text(Kinds kinds) {
        return kinds.all().isEmpty() ? null : kinds.text();
    }

    private static String json(Object value) {
        try {
            return JSON.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
