/**
 * Rows that are written by hand, one by one: checked by their resource's contract as loaded ones are, and told of in the ledger in the
 * transaction that writes them. Leaves to others how requests come and answers go.
 */
@NullMarked
package dev.qanat.edit;

import org.jspecify.annotations.NullMarked;
