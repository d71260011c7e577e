package dev.qanat.edit;

/**
 * A row after an edit.
 *
 * @param id as it stands in the row's path
 * @param json an object with all of its columns
 * @param version another one whenever the row was written; the same as the row has where it is read
 */
public record EditedRow(String id, String json, String version) {}
