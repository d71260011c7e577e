/**
 * A dbt project: models, seeds, sources and tests, how they depend on each other, and the SQL they stand for. Knows nothing of records,
 * of HTTP and of connections; what must be asked of the database is behind {@link dev.qanat.transform.ExistingRelations}.
 */
@NullMarked
package dev.qanat.transform;

import org.jspecify.annotations.NullMarked;
