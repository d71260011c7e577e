package dev.qanat.route;

import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Room for the answers of APIs that are in memory in this process, however many partitions are fetched: what makes memory bounded. An
 * answer takes a place while it comes in, and as much room as it is long while it is understood, which takes many times its length. Safe
 * for use by several threads.
 */
final class AnswerRoom {

    /** The most that is read of an answer at once, in bytes. */
    static final int AT_ONCE = 1 << 20;

    private static final int PLACES = 32;
    private static final int BYTES = 4 * AT_ONCE;
    private static final long LOOK_MILLIS = 200;

    private final Semaphore places = new Semaphore(PLACES, true);
    private final Semaphore bytes = new Semaphore(BYTES, true);

    /** What an answer has taken, to be given back once. */
    static final class Taken {
        private final AnswerRoom room;
        private int ofBytes;

        private Taken(AnswerRoom room) {
            this.room = room;
        }

        /** Waits until an answer of so many bytes may be understood. */
        void enlarge(Attempt attempt, int length) throws InterruptedException {
            take(room.bytes, length, attempt);
            ofBytes = length;
        }

        /** It is read bit by bit from here on. */
        void shrink() {
            room.bytes.release(ofBytes);
            ofBytes = 0;
        }

        void giveBack() {
            shrink();
            room.places.release();
        }
    }

    /** Waits for a place. */
    Taken take(Attempt attempt) throws InterruptedException {
        take(places, 1, attempt);
        return new Taken(this);
    }

    private static void take(Semaphore from, int count, Attempt attempt) throws InterruptedException {
        while (!from.tryAcquire(count, LOOK_MILLIS, TimeUnit.MILLISECONDS)) {
            attempt.checkCancelled();
            attempt.checkLease();
        }
    }
}
