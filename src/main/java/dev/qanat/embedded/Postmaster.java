package dev.qanat.embedded;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The server process that a data folder's {@code postmaster.pid} names.
 *
 * @param pid its process
 * @param port where it listens
 */
record Postmaster(long pid, int port) {
    private static final int PORT_LINE = 3;

    /**
     * The server that runs on this folder, or null. A file that a crash of the machine left behind is removed: its number may by
     * now belong to any other process, and PostgreSQL would refuse to start because of it.
     */
    static @Nullable Postmaster on(Path data) throws IOException {
        Path file = data.resolve("postmaster.pid");
        if (!Files.exists(file)) {
            return null;
        }
        List<String> lines = Files.readAllLines(file);
        Postmaster named = parse(lines);
        if (named == null || !named.runsOn(data)) {
            Files.deleteIfExists(file);
            return null;
        }
        return named;
    }

    static @Nullable Postmaster parse(List<String> lines) {
        try {
            int port = lines.size() > PORT_LINE && !lines.get(PORT_LINE).isBlank()
                    ? Integer.parseInt(lines.get(PORT_LINE).strip())
                    : 0;
            return lines.isEmpty() ? null : new Postmaster(Long.parseLong(lines.get(0).strip()), port);
        } catch (NumberFormatException e) {
            return null;
        }
    }

    /** Whether the process is alive and works in this folder. When in doubt yes: two servers on one folder destroy it. */
    private boolean runsOn(Path data) throws IOException {
        ProcessHandle process = ProcessHandle.of(pid).orElse(null);
        if (process == null || !process.isAlive()) {
            return false;
        }
        Path workingFolder = Path.of("/proc", Long.toString(pid), "cwd");
        try {
            return Files.isSameFile(workingFolder, data);
        } catch (IOException e) {
            // No /proc here, or a process of somebody else.
            return process.info().command().map(command -> command.endsWith("postgres")).orElse(false);
        }
    }
}
