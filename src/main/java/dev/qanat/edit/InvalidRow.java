package dev.qanat.edit;

import dev.qanat.failure.Code;
import java.util.Optional;

/** What was sent is no row of the table: the contract says why, as it does for a record that a load rejects. */
public final class InvalidRow extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String column;
    private final Code fault;
    private final String reason;

    /**
     * @param column that is at fault; empty when it is the row as a whole
     * @param fault a record's code
     */
    InvalidRow(Optional<String> column, Code fault, String reason) {
        super(column.map(name -> "column '" + name + "': ").orElse("") + reason);
        this.column = column.orElse("");
        this.fault = fault;
        this.reason = reason;
    }

    public Optional<String> column() {
        return Optional.of(column).filter(name -> !name.isEmpty());
    }

    public Code fault() {
        return fault;
    }

    public String reason() {
        return reason;
    }
}
