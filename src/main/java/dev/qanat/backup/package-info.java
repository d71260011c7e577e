/**
 * A database of Qanat's as a file and as another database: what stands in its schemas read in one snapshot, and made anew in one
 * transaction. Knows PostgreSQL's catalogue and how the settings name a database; of pipelines, runs and models nothing, except
 * which schema the ledger has and which of its rows name objects by numbers that another database gives anew.
 */
@NullMarked
package dev.qanat.backup;

import org.jspecify.annotations.NullMarked;
