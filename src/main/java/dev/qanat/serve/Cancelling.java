package dev.qanat.serve;

import java.sql.SQLException;

/** Is told how what is at work can be ended. */
public interface Cancelling {

    /** Ends a statement; from any thread. */
    interface Statement {
        void cancel() throws SQLException;
    }

    /** @param statement that is at work from now on, in place of the one before */
    void by(Statement statement);
}
