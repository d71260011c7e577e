package dev.qanat.ledger;

import java.util.Optional;

/**
 * How a field of a resource's records differs from what it was when it was last seen.
 *
 * @param path of the field, such as {@code address__city} or {@code products[].quantity}
 * @param column of the table that it is read into
 * @param change {@code added}, {@code missing} or {@code type_changed}
 * @param from the kinds of values it had, such as {@code integer} or {@code string|decimal}
 * @param to the kinds it has
 * @param action what {@code schema_contract} made of it
 */
public record SchemaChange(
        String path, Optional<String> column, String change, Optional<String> from, Optional<String> to, String action) {}
