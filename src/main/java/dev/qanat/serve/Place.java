package dev.qanat.serve;

import java.util.concurrent.Semaphore;

/** A place among the queries at work. For one thread at a time. */
final class Place {

    private final Semaphore places;
    private final Semaphore downloads;
    private boolean lasts;

    /** @param places of which one is taken already */
    Place(Semaphore places, Semaphore downloads, boolean lasts) {
        this.places = places;
        this.downloads = downloads;
        this.lasts = lasts;
    }

    /** Whether it may be kept for as long as a reader takes; then it counts as a download. */
    boolean mayLast() {
        lasts = lasts || downloads.tryAcquire();
        return lasts;
    }

    void leave() {
        places.release();
        if (lasts) {
            downloads.release();
        }
    }
}
