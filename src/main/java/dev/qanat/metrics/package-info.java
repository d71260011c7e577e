/**
 * What monitoring is told at {@code /q/metrics}: counters and times of this process, as they happen, and what the ledger knows for all
 * processes, when it is asked for. Decides nothing; the engine does not know of it.
 */
@NullMarked
package dev.qanat.metrics;

import org.jspecify.annotations.NullMarked;
