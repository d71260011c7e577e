/**
 * The vocabulary of a pipeline, its reading from YAML and checking, and its versions. Knows neither HTTP nor Camel nor the formats
 * of data.
 */
@NullMarked
package dev.qanat.pipeline;

import org.jspecify.annotations.NullMarked;
