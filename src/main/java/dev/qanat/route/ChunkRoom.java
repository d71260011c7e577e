package dev.qanat.route;

import dev.qanat.records.Chunk;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * Room for the chunks that are worked on in this process: as many as there are threads for them, or one large one by itself. What
 * makes memory bounded where records are long. Safe for use by several threads.
 */
final class ChunkRoom {

    private final int places;
    private final Semaphore free;

    /** @param places for chunks that are not large */
    ChunkRoom(int places) {
        this.places = places;
        this.free = new Semaphore(places, true);
    }

    /** Waits for all places, to read what may be large; false when that is given up. */
    boolean takeAll(BooleanSupplier givenUp) {
        return take(places, givenUp);
    }

    /** Waits for the places of a chunk; false when that is given up. */
    boolean take(Chunk chunk, BooleanSupplier givenUp) {
        return take(placesOf(chunk), givenUp);
    }

    private boolean take(int count, BooleanSupplier givenUp) {
        try {
            while (!free.tryAcquire(count, 500, TimeUnit.MILLISECONDS)) {
                if (givenUp.getAsBoolean()) {
                    return false;
                }
            }
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    void giveBackAll() {
        free.release(places);
    }

    /** Of all places, gives back those that the chunk does not need. */
    void giveBackAllBut(Chunk chunk) {
        free.release(places - placesOf(chunk));
    }

    void giveBack(Chunk chunk) {
        free.release(placesOf(chunk));
    }

    private int placesOf(Chunk chunk) {
        return chunk.large() ? places : 1;
    }
}
