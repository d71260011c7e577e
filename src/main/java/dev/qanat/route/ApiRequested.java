package dev.qanat.route;

import java.util.OptionalInt;

/**
 * A request was sent to an API: an event for whoever observes it, which is told on the run's thread and must not wait or throw.
 *
 * @param source of the pipeline
 * @param status of the answer; empty where none came
 */
public record ApiRequested(String pipeline, String source, OptionalInt status) {}
