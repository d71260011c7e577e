package dev.qanat.pipeline;

import java.math.BigDecimal;

/**
 * How many rejections a run bears.
 *
 * @param limit a count, or a share of the records read in percent
 * @param percent whether the limit is a share
 */
public record MaxErrors(BigDecimal limit, boolean percent) {

    public boolean exceeded(long rejected, long read) {
        BigDecimal count = BigDecimal.valueOf(rejected);
        return percent
                ? count.multiply(BigDecimal.valueOf(100)).compareTo(limit.multiply(BigDecimal.valueOf(read))) > 0
                : count.compareTo(limit) > 0;
    }

    @Override
    public String toString() {
        return limit.toPlainString() + (percent ? "%" : "");
    }
}
