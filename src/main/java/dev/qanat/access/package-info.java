/**
 * Who may do what, and who did: roles, the policy of paths, API keys, failed attempts and the audit, with their tables. Knows neither
 * HTTP nor Camel.
 */
@NullMarked
package dev.qanat.access;

import org.jspecify.annotations.NullMarked;
