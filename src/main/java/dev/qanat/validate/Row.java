package dev.qanat.validate;

import dev.qanat.records.RawRecord;
import org.jspecify.annotations.Nullable;

/**
 * An accepted record.
 *
 * @param record the record it was made from
 * @param values by the columns of its {@link CheckedChunk}, in the text form that PostgreSQL reads for the column's type; shorter
 *     than the columns where the rest is null
 * @param hash SHA-256 over name=value of the non-null columns sorted by name, as {@code RowHash} says in full
 */
public record Row(RawRecord record, @Nullable String[] values, byte[] hash) {}
