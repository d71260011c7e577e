package dev.qanat.settings;

/** The event that the process answers requests from now on. It is fired once, and observed on threads of its own. */
public record Listening() {}
