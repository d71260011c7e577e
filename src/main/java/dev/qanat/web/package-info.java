/**
 * HTTP beyond the routes' endpoints: who may get in, problem details, resources. Knows no Camel.
 */
@NullMarked
package dev.qanat.web;

import org.jspecify.annotations.NullMarked;
