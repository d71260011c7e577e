/**
 * Columns with personal values: those that pipelines and the dbt project mark, and what views and models make of them. Leaves to others
 * who may see them.
 */
@NullMarked
package dev.qanat.personal;

import org.jspecify.annotations.NullMarked;
