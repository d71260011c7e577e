package dev.qanat.transform.jinja;

/**
 * A place in a text.
 *
 * @param file relative to the project
 * @param line counted from 1
 */
public record Place(String file, int line) {}
