package dev.qanat.validate;

import static dev.qanat.validate.Resources.column;
import static dev.qanat.validate.Resources.csv;
import static dev.qanat.validate.Resources.from;
import static dev.qanat.validate.Resources.json;
import static dev.qanat.validate.Resources.names;
import static dev.qanat.validate.Resources.required;
import static dev.qanat.validate.Resources.resource;
import static dev.qanat.validate.Resources.row;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import dev.qanat.pipeline.Column;
import dev.qanat.pipeline.ColumnType;
import dev.qanat.pipeline.SchemaContract;
import dev.qanat.pipeline.SchemaContract.Mode;
import dev.qanat.records.Chunk;
import dev.qanat.records.Fault;
import dev.qanat.records.RawRecord;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ContractTest {
    private static final List<String> ABC = List.of("a", "b", "c");

    @Test
    void columns_follow_the_order_of_the_fields_and_values_follow_the_columns() {
        CheckedChunk checked = Contract.of(resource(column("b", "integer"), column("a", "text"), column("z", "text")))
                .check(csv(ABC, row("x", "1.0", "more")));
        assertThat(checked.columns())
                .containsExactly(
                        new TargetColumn("a", ColumnType.TEXT),
                        new TargetColumn("b", ColumnType.parse("integer").orElseThrow()),
                        new TargetColumn("c", ColumnType.TEXT));
        assertThat(checked.rows().get(0).values()).containsExactly("x", "1", "more");
        assertThat(checked.accepted()).hasSize(1);
    }

    @Test
    void all_declared_columns_are_known_before_a_record_is() {
        assertThat(Contract.of(resource(column("b", "integer"), column("a", "text"))).declared())
                .extracting(TargetColumn::name)
                .containsExactly("b", "a");
    }

    @Test
    void without_a_schema_everything_is_text() {
        CheckedChunk checked = Contract.of(resource()).check(csv(List.of("userId", "Zip"), row("007", "")));
        assertThat(names(checked)).containsExactly("user_id", "zip");
        assertThat(checked.rows().get(0).values()).containsExactly("007", null);
    }

    @Test
    void a_header_is_recognised_by_from_then_by_name_in_any_case_and_spelling() {
        Contract contract = Contract.of(resource(
                from("ticker", "symbol", "text"), column("qty", "integer"), column("sold_at", "date"), from("x", "Old X", "text")));
        assertThat(names(contract.check(csv(List.of(" QTY ", "Sold At", "Symbol", "x"), row("1", "2024-01-01", "A", "b")))))
                .containsExactly("qty", "sold_at", "ticker", "x");
    }

    @Test
    void what_fits_twice_fits_nothing() {
        Contract contract = Contract.of(resource(column("qty", "integer")));
        assertThat(names(contract.check(csv(List.of("Qty", "QTY"), row("1", "2"))))).containsExactly("qty_2", "qty_3");
        assertThat(names(contract.check(csv(List.of("QTY", "qty"), row("1", "2"))))).containsExactly("qty_2", "qty");
    }

    @Test
    void a_field_named_like_a_column_that_is_read_from_another_field_is_undeclared() {
        CheckedChunk checked = Contract.of(resource(from("ticker", "symbol", "text")))
                .check(csv(List.of("ticker", "symbol"), row("t", "s")));
        assertThat(names(checked)).containsExactly("ticker_2", "ticker");
        assertThat(checked.rows().get(0).values()).containsExactly("t", "s");
    }

    @Test
    void two_columns_may_be_read_from_one_field() {
        CheckedChunk checked = Contract.of(resource(from("day", "at", "date"), from("raw", "at", "text")))
                .check(csv(List.of("at"), row("2024-01-01")));
        assertThat(names(checked)).containsExactly("day", "raw");
        assertThat(checked.rows().get(0).values()).containsExactly("2024-01-01", "2024-01-01");
    }

    @Test
    void later_chunks_have_the_columns_of_earlier_ones_first() {
        Contract contract = Contract.of(resource(from("ticker", "symbol", "text"), column("qty", "integer")));
        List<String> all = List.of("userId", "ticker", "user_id", "qty", "symbol", "x");
        List<String> before = List.of();
        for (int i = 0; i <= all.size(); i++) {
            List<String> now = names(contract.check(json(all.subList(0, i), row())));
            assertThat(now.subList(0, before.size())).isEqualTo(before);
            before = now;
        }
        assertThat(before).containsExactly("user_id", "ticker", "user_id_2", "qty", "ticker_2", "x");
    }

    @Test
    void a_json_record_is_read_alike_whatever_fields_the_chunk_knows() {
        Contract contract = Contract.of(resource(from("ticker", "symbol", "text")));
        assertThat(contract.check(json(List.of("ticker"), row("A"))).rows().get(0).values()).containsExactly("A");
        CheckedChunk later = contract.check(json(List.of("ticker", "symbol"), row("A"), row("A", "B"), row(null, "B")));
        assertThat(names(later)).containsExactly("ticker", "ticker_2");
        assertThat(later.rows()).extracting(Row::values).containsExactly(row("A", null), row("B", "A"), row("B", null));
        CheckedChunk other = contract.check(json(List.of("symbol", "ticker"), row(null, "A"), row("B", "A")));
        assertThat(other.rows()).extracting(Row::values).containsExactly(row("A", null), row("B", "A"));
    }

    @Test
    void json_fields_are_recognised_exactly() {
        assertThat(names(Contract.of(resource(column("qty", "integer"))).check(json(List.of("Qty"), row("1")))))
                .containsExactly("qty_2");
    }

    @Test
    void an_undeclared_field_may_freeze_the_run() {
        Contract contract = Contract.of(resource(Mode.FREEZE, Mode.DISCARD_ROW, column("a", "text")));
        assertThatThrownBy(() -> contract.check(csv(ABC, row("1", "2", "3"))))
                .isInstanceOfSatisfying(InputFailure.class, e -> assertThat(e.code()).isEqualTo(Code.SCHEMA_FROZEN))
                .hasMessageContaining("does not declare 'b', 'c'");
    }

    @Test
    void an_undeclared_field_may_reject_the_records_that_have_it() {
        CheckedChunk checked = Contract.of(resource(Mode.DISCARD_ROW, Mode.DISCARD_ROW, column("a", "text")))
                .check(csv(List.of("b", "a"), row("", "1"), row("x", "2")));
        assertThat(names(checked)).containsExactly("a");
        assertThat(checked.rows()).hasSize(1);
        assertThat(checked.rejections())
                .extracting(Rejection::line, Rejection::column, Rejection::code, Rejection::reason, Rejection::record)
                .containsExactly(tuple(
                        3L,
                        "b",
                        Code.UNDECLARED_COLUMN,
                        "'x' is in a field that is not declared",
                        "{\"b\":\"x\",\"a\":\"2\"}"));
    }

    @Test
    void an_undeclared_field_may_be_left_out() {
        CheckedChunk checked = Contract.of(resource(Mode.DISCARD_VALUE, Mode.DISCARD_ROW, column("b", "text")))
                .check(csv(ABC, row("1", "2", "3")));
        assertThat(names(checked)).containsExactly("b");
        assertThat(checked.rows().get(0).values()).containsExactly("2");
    }

    @Test
    void a_record_is_rejected_once_for_its_first_fault_in_the_contracts_order() {
        CheckedChunk checked = Contract.of(resource(column("c", "integer"), column("a", "integer")))
                .check(csv(ABC, row("x", "y\0", "z"), row("x", "y", "3"), row("1", "y\0", "3")));
        assertThat(checked.rejections())
                .extracting(Rejection::column, Rejection::code)
                .containsExactly(
                        tuple("c", Code.TYPE_MISMATCH), tuple("a", Code.TYPE_MISMATCH), tuple("b", Code.INVALID_CHARACTER));
    }

    @Test
    void a_value_that_does_not_fit_may_become_null_where_null_is_allowed() {
        CheckedChunk checked = Contract.of(resource(
                        Mode.EVOLVE, Mode.DISCARD_VALUE, column("a", "integer"), required("b", "integer")))
                .check(csv(List.of("a", "b"), row("x", "1"), row("1", "x"), row("1", "")));
        assertThat(checked.rows()).extracting(Row::values).containsExactly(row(null, "1"));
        assertThat(checked.rejections())
                .extracting(Rejection::code)
                .containsExactly(Code.TYPE_MISMATCH, Code.REQUIRED);
    }

    @Test
    void a_value_that_does_not_fit_may_freeze_the_run() {
        Contract contract = Contract.of(resource(Mode.EVOLVE, Mode.FREEZE, column("a", "numeric(4,1)")));
        assertThatThrownBy(() -> contract.check(csv(List.of("a"), row("1"), row("1.25"))))
                .isInstanceOfSatisfying(InputFailure.class, e -> assertThat(e.code()).isEqualTo(Code.OUT_OF_RANGE))
                .hasMessageStartingWith("line 3, column 'a': '1.25' does not fit numeric(4,1) without rounding");
    }

    @Test
    void a_required_column_without_a_field_rejects_every_record() {
        CheckedChunk checked = Contract.of(resource(SchemaContract.DEFAULT, List.of("id"), column("id", "integer")))
                .check(json(List.of("a"), row("1")));
        assertThat(checked.rejections())
                .extracting(Rejection::column, Rejection::code, Rejection::reason)
                .containsExactly(tuple("id", Code.REQUIRED, "no value, but the column is required"));
    }

    @Test
    void a_header_without_required_columns_fails_and_names_them_all() {
        Contract contract = Contract.of(resource(
                SchemaContract.DEFAULT,
                List.of("id"),
                column("id", "integer"),
                Resources.column("amount", "Amount €", "text", true),
                column("note", "text")));
        assertThatThrownBy(() -> contract.checkHeader(List.of("a", "b\n")))
                .isInstanceOfSatisfying(InputFailure.class, e -> assertThat(e.code()).isEqualTo(Code.MISSING_COLUMN))
                .hasMessage("the header lacks required columns: 'id', 'amount' (from 'Amount €'); it reads: a, b\\n");
        contract.checkHeader(List.of("ID", "amount"));
    }

    @Test
    void a_table_has_a_thousand_columns_at_most() {
        List<String> fields = IntStream.rangeClosed(1, 1000).mapToObj(i -> "f" + i).collect(Collectors.toList());
        Contract contract = Contract.of(resource(column("f1", "text")));
        assertThat(contract.check(csv(fields)).columns()).hasSize(1000);
        fields.add("one_more");
        assertThatThrownBy(() -> contract.check(csv(fields)))
                .isInstanceOfSatisfying(InputFailure.class, e -> assertThat(e.code()).isEqualTo(Code.TOO_MANY_COLUMNS));
        assertThat(Contract.of(resource(Mode.DISCARD_VALUE, Mode.DISCARD_ROW, column("f1", "text")))
                        .check(csv(fields))
                        .columns())
                .hasSize(1);
    }

    @Test
    void a_record_that_could_not_be_read_is_rejected_as_it_came() {
        RawRecord broken = new RawRecord(
                5, new String[0], null, "{\"a\0", new Fault(Code.MALFORMED_RECORD, "a quote is not closed"));
        CheckedChunk checked = Contract.of(resource()).check(new Chunk(0, ABC, List.of(broken)));
        assertThat(checked.rejections())
                .containsExactly(new Rejection(5, null, Code.MALFORMED_RECORD, "a quote is not closed", "{\"a\uFFFD"));
    }

    @Test
    void a_rejected_record_is_kept_up_to_64_kib_and_never_half_a_character() {
        CheckedChunk checked = Contract.of(resource(column("a", "integer")))
                .check(csv(List.of("a"), row("😀".repeat(40_000))));
        String kept = checked.rejections().get(0).record();
        assertThat(kept.getBytes(StandardCharsets.UTF_8).length).isBetween(64 * 1024 - 3, 64 * 1024);
        assertThat(kept).startsWith("{\"a\":\"😀").endsWith("😀");
    }

    @Test
    void a_key_too_long_for_an_index_rejects_its_record() {
        CheckedChunk checked = Contract.of(resource(
                        SchemaContract.DEFAULT, List.of("a", "b"), column("a", "text"), column("b", "text")))
                .check(csv(List.of("b", "a"), row("x".repeat(1250), "ü".repeat(625)), row("x".repeat(1251), "ü".repeat(625))));
        assertThat(checked.rows()).hasSize(1);
        assertThat(checked.rejections())
                .extracting(Rejection::column, Rejection::code)
                .containsExactly(tuple("a", Code.OUT_OF_RANGE));
    }

    @Test
    void a_json_record_with_a_raw_nul_is_rejected() {
        RawRecord record = new RawRecord(1, row("1"), new java.util.BitSet(), "{\"a\":\0}", null);
        assertThat(Contract.of(resource()).check(new Chunk(0, List.of("a"), List.of(record))).rejections())
                .extracting(Rejection::column, Rejection::code)
                .containsExactly(tuple(null, Code.INVALID_CHARACTER));
    }

    @Test
    void threads_that_check_different_chunks_do_not_disturb_each_other() {
        Contract contract = Contract.of(resource(column("a", "integer")));
        assertThat(IntStream.range(0, 2000).parallel().mapToObj(i -> {
                    List<String> fields = i % 2 == 0 ? List.of("a", "b") : List.of("a", "b", "C");
                    CheckedChunk checked = contract.check(csv(fields, i % 2 == 0 ? row("1", "x") : row("1", "x", "y")));
                    return names(checked).size() * 10 + checked.rows().get(0).values().length;
                }))
                .containsOnly(22, 33);
    }

    @Test
    void a_source_without_records_still_has_columns() {
        assertThat(names(Contract.of(resource(column("a", "text"))).check(new Chunk(0, ABC, List.of()))))
                .containsExactly("a", "b", "c");
    }

    @Test
    void a_contract_that_makes_no_sense_fails_at_once() {
        Column dated = with(column("a", "date"), List.of(), Optional.of("yyyy-JJ"));
        assertThatThrownBy(() -> Contract.of(resource(dated)))
                .isInstanceOf(InputFailure.class)
                .hasMessageContaining("column 'a': 'yyyy-JJ' is not a date pattern");
        Column valued = with(column("a", "integer"), List.of("1", "x"), Optional.empty());
        assertThatThrownBy(() -> Contract.of(resource(valued)))
                .isInstanceOf(InputFailure.class)
                .hasMessage("column 'a': of its values, 'x' is not an integer");
    }

    private static Column with(Column c, List<String> values, Optional<String> format) {
        return new Column(
                c.name(),
                c.from(),
                c.type(),
                c.required(),
                c.min(),
                c.max(),
                c.pattern(),
                values,
                Set.of(""),
                format,
                c.timezone());
    }
}
