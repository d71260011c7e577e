package dev.qanat.failure;

import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/** Why a run, a request or a start did not succeed: a stable code for programs and a message for people. */
public abstract sealed class Failure extends RuntimeException permits InputFailure, TransientFailure {
    private static final long serialVersionUID = 1L;

    private final Code code;

    Failure(Code code, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.code = code;
    }

    public Code code() {
        return code;
    }

    /**
     * What a failure of the database means: a lost connection and a conflict with others heal with time, anything else does not.
     *
     * @param doing what was being done, for people, such as {@code landing run 7}
     */
    public static Failure of(SQLException e, String doing) {
        String state = e.getSQLState() == null ? "" : e.getSQLState();
        String message = doing + ": " + (e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage());
        // 08 connection, 57P01 to 57P05 shutdown and crash, 53 resources such as disk and connections, 58030 an I/O error of the
        // server's, 25P03 this process stood still in a transaction; but 53400 is a limit that somebody set
        if (state.isEmpty()
                || state.startsWith("08")
                || state.startsWith("57P")
                || state.startsWith("53") && !state.equals("53400")
                || state.equals("58030")
                || state.equals("25P03")) {
            return new TransientFailure(Code.DATABASE_UNAVAILABLE, message, e);
        }
        // 40 serialization and deadlock, 55P03 a lock not got in time, 57014 and 25P04 cancelled by somebody or by a timeout, 42P07
        // a table that was not there a moment ago: another run of the pipeline has made it
        if (state.startsWith("40") || state.equals("42P07") || state.equals("55P03") || state.equals("57014") || state.equals("25P04")) {
            return new TransientFailure(Code.DATABASE_CONFLICT, message, e);
        }
        return new InputFailure(Code.DATABASE_REFUSED, message, e);
    }
}
