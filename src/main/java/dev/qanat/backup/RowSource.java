package dev.qanat.backup;

import java.io.IOException;
import java.io.OutputStream;
import java.sql.SQLException;

/** Where the rows of tables come from: a database or a file. A table's rows pass through, a few at a time. */
interface RowSource {

    /** Writes the rows of a table, which is asked for once, in the order of the steps, and leaves the stream open. */
    Copied copy(Step.Rows rows, OutputStream to) throws IOException, SQLException;
}
