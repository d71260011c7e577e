package dev.qanat.start;

import io.quarkus.runtime.Quarkus;

/**
 * Starts the application by the JVM's own class loader, as {@code qanat.jar} does. Quarkus' {@code quarkus-run.jar} has a class loader
 * of its own, whose classes JDK 17 cannot archive.
 */
public final class Main {
    private Main() {}

    /** Returns when the application has ended. */
    public static void main(String[] args) {
        // Before anything logs, as Quarkus' own entry does it.
        System.setProperty("java.util.logging.manager", "org.jboss.logmanager.LogManager");
        Quarkus.run(args);
    }
}
