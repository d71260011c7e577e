package dev.qanat.route;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.qanat.failure.InputFailure;
import dev.qanat.ledger.Polls;
import dev.qanat.validate.Observation;
import io.quarkus.runtime.annotations.RegisterForReflection;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What a run fetches of one resource: a {@link Fetch} for each partition that is not dealt with yet. Safe for several threads. */
@RegisterForReflection
public final class Fetches {

    private static final ObjectMapper JSON = new ObjectMapper();

    private final List<Fetch> partitions;
    private volatile boolean stopped;

    Fetches(List<Fetch> partitions) {
        this.partitions = List.copyOf(partitions);
    }

    public List<Fetch> getPartitions() {
        return partitions;
    }

    /** No partition is fetched any further. */
    void stop() {
        stopped = true;
    }

    boolean isStopped() {
        return stopped;
    }

    /** Those whose records land: the ones that are complete, and those that go on later. */
    List<Fetch> landing() {
        return partitions.stream().filter(Fetch::isToLand).toList();
    }

    /** The fields of the records that land. */
    Observation observation() {
        return landing().stream().map(Fetch::observed).reduce(Observation.NOTHING, Observation::and);
    }

    /** Whether all that the run had left to fetch has been, and none of it is as it was and was not sent for that. */
    boolean areWhole() {
        return partitions.stream().allMatch(fetch -> fetch.isToLand() && !fetch.isDeferred() && !fetch.isNotModified());
    }

    long bytesRead() {
        return partitions.stream().mapToLong(Fetch::bytesRead).sum();
    }

    /** For the landing: what becomes of the partitions, as a JSON list. */
    String landedPartitions() {
        List<Map<String, @Nullable Object>> rows = new ArrayList<>();
        for (Fetch fetch : landing()) {
            Map<String, @Nullable Object> row = new LinkedHashMap<>();
            row.put("partition", fetch.key());
            row.put("status", (fetch.isDeferred() ? Polls.Status.DEFERRED : Polls.Status.LANDED).id());
            row.put("token", fetch.isDeferred() ? fetch.token() : null);
            row.put("cursor", fetch.cursor().orElse(null));
            row.put("error_code", fetch.shortcoming().map(lacks -> lacks.code().id()).orElse(null));
            row.put("error_message", fetch.shortcoming().map(InputFailure::getMessage).orElse(null));
            rows.add(row);
        }
        return json(rows);
    }

    /** For the landing: where the next poll of each complete partition starts, as a JSON list. */
    String landedCursors() {
        List<Map<String, @Nullable Object>> rows = new ArrayList<>();
        for (Fetch fetch : landing()) {
            fetch.cursor().ifPresent(value -> {
                Map<String, @Nullable Object> row = new LinkedHashMap<>();
                row.put("partition", fetch.key());
                row.put("value", value);
                rows.add(row);
            });
        }
        return json(rows);
    }

    /** For the landing: what the answers may be asked by whether they have changed, as a JSON list. */
    String landedValidators() {
        List<Map<String, @Nullable Object>> rows = new ArrayList<>();
        for (Fetch fetch : landing()) {
            fetch.validators().forEach((request, validator) -> {
                Map<String, @Nullable Object> row = new LinkedHashMap<>();
                row.put("request", request);
                row.put("etag", validator.etag().orElse(null));
                row.put("last_modified", validator.lastModified().orElse(null));
                rows.add(row);
            });
        }
        return json(rows);
    }

    /** The values of a partition as its key in the ledger. */
    static String key(Map<String, String> partition) {
        return json(new TreeMap<>(partition));
    }

    private static String json(Object value) {
        try {
            return JSON.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
