/**
 * Camel: the files of routes and their loading, templates to routes, and the beans that are a route's steps. The statements that
 * they run belong to {@code load} and {@code ledger}.
 */
@NullMarked
package dev.qanat.route;

import org.jspecify.annotations.NullMarked;
