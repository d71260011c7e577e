/**
 * Turns the bytes of a format (CSV, JSON, NDJSON; plain or gzip; any encoding) into chunks of records with their positions.
 * Knows neither types nor the database: a record's values are text.
 */
@NullMarked
package dev.qanat.records;

import org.jspecify.annotations.NullMarked;
