/**
 * Checked chunks to tables: staging by COPY, the creation and widening of bronze and silver tables, and the statements of the
 * landing. Knows neither formats nor Camel.
 */
@NullMarked
package dev.qanat.load;

import org.jspecify.annotations.NullMarked;
