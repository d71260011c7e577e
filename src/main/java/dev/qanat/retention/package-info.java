/**
 * What was kept long enough, by the settings and the pipelines, and the pass that deletes it: records of bronze, rejections, runs, files in
 * the archive and in quarantine. When a pass is due, and who asks for one, is left to others.
 */
@NullMarked
package dev.qanat.retention;

import org.jspecify.annotations.NullMarked;
