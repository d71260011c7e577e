package dev.qanat.load;

import dev.qanat.pipeline.Child;
import java.util.NavigableMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The staged items of one child: rows with the number of their record and their place in its array. Safe for use by several threads.
 */
final class StagedItems {

    private final Child child;
    private final StagedTable table;
    private final NavigableMap<Integer, Counted> byChunk = new ConcurrentSkipListMap<>();
    private final AtomicLong read = new AtomicLong();
    private final AtomicLong rejected = new AtomicLong();
    private final AtomicLong rows = new AtomicLong();

    /** What was counted of a chunk. */
    private record Counted(long read, long rejected, long rows) {}

    StagedItems(Child child, TableName name) {
        this.child = child;
        this.table = new StagedTable(name);
    }

    Child child() {
        return child;
    }

    StagedTable table() {
        return table;
    }

    String create() {
        return "CREATE UNLOGGED TABLE " + table.name().sql()
                + " (_n bigint NOT NULL, _index integer NOT NULL, _position bigint NOT NULL, _row_hash bytea NOT NULL)";
    }

    /** Counts the items of a chunk: those that are not staged belong to records that a step of the route left out. */
    void count(int chunk, long readNow, long rejectedNow, long stagedNow) {
        byChunk.put(chunk, new Counted(readNow, rejectedNow, stagedNow));
        read.addAndGet(readNow);
        rejected.addAndGet(rejectedNow);
        rows.addAndGet(stagedNow);
    }

    /** Takes back what was counted of chunks that are not staged any more, from the first to the one before the end. */
    void discard(int first, int end) {
        NavigableMap<Integer, Counted> gone = byChunk.subMap(first, true, end, false);
        gone.values().forEach(counted -> {
            read.addAndGet(-counted.read());
            rejected.addAndGet(-counted.rejected());
            rows.addAndGet(-counted.rows());
        });
        gone.clear();
    }

    /** Counts items that are not staged any more: those of records that were rejected or left out. */
    void cleaned(long rejectedNow, long leftOut) {
        rejected.addAndGet(rejectedNow);
        rows.addAndGet(-rejectedNow - leftOut);
    }

    long read() {
        return read.get();
    }

    long rejected() {
        return rejected.get();
    }

    /** How many are staged. */
    long rows() {
        return rows.get();
    }
}
