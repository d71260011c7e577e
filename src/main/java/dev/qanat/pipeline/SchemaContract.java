package dev.qanat.pipeline;

/**
 * What happens to what the contract does not foresee.
 *
 * @param tables a missing table: evolve creates it, freeze fails the run
 * @param columns an undeclared column: evolve adds it as text, freeze fails the run, discard_row rejects the record,
 *     discard_value leaves the value out
 * @param dataType a value that does not fit its type: freeze fails the run, discard_row rejects the record, discard_value stores
 *     null (and rejects the record where null is not allowed)
 */
public record SchemaContract(Mode tables, Mode columns, Mode dataType) {

    public static final SchemaContract DEFAULT = new SchemaContract(Mode.EVOLVE, Mode.EVOLVE, Mode.DISCARD_ROW);
    public static final SchemaContract STRICT = new SchemaContract(Mode.EVOLVE, Mode.DISCARD_VALUE, Mode.DISCARD_ROW);

    public enum Mode {
        EVOLVE,
        FREEZE,
        DISCARD_ROW,
        DISCARD_VALUE
    }
}
