/**
 * Models become tables: the nodes of a compiled dbt project are built in the order of their graph, each in one transaction in which
 * it is written, audited by its tests and published. Knows neither records nor Camel.
 */
@NullMarked
package dev.qanat.build;

import org.jspecify.annotations.NullMarked;
