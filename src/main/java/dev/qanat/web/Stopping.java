package dev.qanat.web;

import jakarta.inject.Singleton;

/** Whether the process is to end: what answers for a long time then ends its answer. Safe for use by several threads. */
@Singleton
public class Stopping {

    private volatile boolean begun;

    public void begin() {
        begun = true;
    }

    public boolean isBegun() {
        return begun;
    }
}
