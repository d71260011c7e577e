package dev.qanat.settings;

import java.io.Console;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Whether somebody sits before what this process prints. */
final class Terminal {
    private Terminal() {}

    static boolean isStandardOutput() {
        try {
            String target = Files.readSymbolicLink(Path.of("/proc/self/fd/1")).toString();
            return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty") || target.equals("/dev/console");
        } catch (IOException e) {
            // No /proc, as on macOS.
            return consoleIsTerminal();
        }
    }

    /** Java 17 has a console only where both sides are a terminal; from 22 on there is always one, which must be asked. */
    private static boolean consoleIsTerminal() {
        Console console = System.console();
        if (console == null || Runtime.version().feature() < 22) {
            return console != null;
        }
        try {
            return (boolean) Console.class.getMethod("isTerminal").invoke(console);
        } catch (ReflectiveOperationException e) {
            return false;
        }
    }
}
