/**
 * The two kinds of failure and their stable codes. Knows nothing of where a failure comes from or who is told of it.
 */
@NullMarked
package dev.qanat.failure;

import org.jspecify.annotations.NullMarked;
