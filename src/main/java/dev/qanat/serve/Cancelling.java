package dev.qanat.serve;

import java.sql.SQLException;

/** Whoever waits for an answer, and may give up. Safe for use by several threads. */
public interface Cancelling {

    /** Ends a statement; from any thread. */
    interface Statement {
        void cancel() throws SQLException;
    }

    /** Whether nobody waits any more; what is to begin need not. */
    default boolean isGone() {
        return false;
    }

    /** @param statement that is at work from now on, in place of the one before */
    void by(Statement statement);
}
