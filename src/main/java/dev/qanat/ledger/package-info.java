/**
 * The record in PostgreSQL of what was done: runs and their queue, the files that landed, rejections, watched folders, schedules. It
 * decides what is done next; nothing that matters lives in memory. Knows nothing of pipelines' meaning, formats or routes.
 */
@NullMarked
package dev.qanat.ledger;

import org.jspecify.annotations.NullMarked;
