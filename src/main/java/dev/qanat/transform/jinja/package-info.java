/**
 * Jinja as dbt projects use it: Jinjava's tags and syntax with the values of Python. Knows nothing of dbt, of files and of the database.
 */
@NullMarked
package dev.qanat.transform.jinja;

import org.jspecify.annotations.NullMarked;
