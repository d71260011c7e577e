/**
 * What comes from what: sources, resources, tables and models as a graph, and the way of a stored row back to its record. Asks the
 * database, changes nothing in it. Knows neither HTTP nor Camel.
 */
@NullMarked
package dev.qanat.lineage;

import org.jspecify.annotations.NullMarked;
