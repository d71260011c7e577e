/** The start from one flat class path, which class data sharing can archive; see {@code bin/appcds}. */
@NullMarked
package dev.qanat.start;

import org.jspecify.annotations.NullMarked;
