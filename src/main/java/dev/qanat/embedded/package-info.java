/**
 * The PostgreSQL that comes with Qanat: its programs, its data folder, its start and its stop. Knows a folder and a port, and
 * nothing of who uses the database or for what.
 */
@NullMarked
package dev.qanat.embedded;

import org.jspecify.annotations.NullMarked;
