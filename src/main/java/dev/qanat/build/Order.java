package dev.qanat.build;

import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;

/**
 * What is to be built.
 *
 * @param run whose row in the ledger this is told under
 * @param select in dbt's selection syntax; empty for whatever is downstream of the loaded tables
 * @param loaded the tables that were loaded, such as {@code silver.sales}; of no account where there is a selection
 * @param fullRefresh whether incremental models are rebuilt
 * @param patient whether a model whose source was never loaded waits for that, and is no failure
 * @param toStop whether nothing more is to be begun
 */
public record Order(
        long run, Optional<String> select, Set<String> loaded, boolean fullRefresh, boolean patient, BooleanSupplier toStop) {}
