/**
 * Holds chunks of records against a resource's contract: accepted rows on one side, rejections on the other. No I/O, no clock.
 */
@NullMarked
package dev.qanat.validate;

import org.jspecify.annotations.NullMarked;
