/**
 * Queries of the data API: which tables and columns there are to be read, what a request asks of them, and rows as JSON, NDJSON and CSV.
 * Leaves to others how requests come and answers go.
 */
@NullMarked
package dev.qanat.serve;

import org.jspecify.annotations.NullMarked;
