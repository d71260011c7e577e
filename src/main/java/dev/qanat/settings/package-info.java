/**
 * What the environment says: the home and its folders, the database, who may get in, how logs look. Checks it once, when the
 * application starts. Leaves to others what a setting means for their work.
 */
@NullMarked
package dev.qanat.settings;

import org.jspecify.annotations.NullMarked;
