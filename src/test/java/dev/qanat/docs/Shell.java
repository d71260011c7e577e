package dev.qanat.docs;

import dev.qanat.app.Qanat;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * A bash in which the commands of a page are typed one after the other. Programs that ask the application by the ports of the pages
 * reach the one under test: those that the pages use stand in front on the path and put its ports in.
 */
final class Shell implements AutoCloseable {

    private static final long SECONDS = 60;

    private final Qanat qanat;
    private final Path scratch;
    private final Process bash;
    private final BufferedReader statuses;
    private final Writer input;

    /**
     * What became of a command.
     *
     * @param output what it wrote to both outputs, with the ports of the pages
     */
    record Outcome(int status, String output) {}

    Shell(Qanat qanat, Path folder) throws IOException {
        this.qanat = qanat;
        scratch = Files.createTempDirectory(qanat.home(), "shell");
        Path programs = Files.createDirectory(scratch.resolve("programs"));
        for (String program : new String[] {"curl", "psql", "pg_dump", "pg_restore"}) {
            String real = find(program);
            if (real != null) {
                Files.writeString(programs.resolve(program), """
                        #!/usr/bin/env bash
                        set -- "${@//:8080/:%d}"
                        exec %s "${@//54329/%d}"
                        """.formatted(qanat.port(), real, qanat.pgPort()));
                Files.setPosixFilePermissions(programs.resolve(program), PosixFilePermissions.fromString("rwxr-xr-x"));
            }
        }
        ProcessBuilder builder = new ProcessBuilder("bash", "--norc", "--noprofile")
                .directory(folder.toFile())
                .redirectError(scratch.resolve("errors").toFile());
        builder.environment().put("PATH", programs.toAbsolutePath() + ":" + System.getenv("PATH"));
        builder.environment().putAll(Map.of("LC_ALL", "C.UTF-8", "PGTZ", "UTC", "PAGER", "cat", "PSQLRC", "/dev/null"));
        // For programs of the project's own, which read its settings.
        builder.environment().put("QANAT_URL", "http://localhost:" + qanat.port());
        builder.environment().put("QANAT_HOME", qanat.home().toString());
        builder.environment().put("QANAT_PG_PORT", Integer.toString(qanat.pgPort()));
        bash = builder.start();
        statuses = bash.inputReader(StandardCharsets.UTF_8);
        input = bash.outputWriter(StandardCharsets.UTF_8);
    }

    /** Where a program is, or null where this machine has none of that name. */
    static @Nullable String find(String program) {
        for (String folder : System.getenv("PATH").split(":")) {
            Path file = Path.of(folder, program);
            if (Files.isExecutable(file)) {
                return file.toString();
            }
        }
        return null;
    }

    /** Runs a command, whose status is that of the first of its parts that failed. */
    Outcome run(String command) throws IOException, InterruptedException {
        Path script = scratch.resolve("command");
        Path output = scratch.resolve("output");
        Files.writeString(script, "failed=0; trap 'failed=$?' ERR\n" + command + "\ntrap - ERR; (exit $failed)\n");
        input.write(". '%s' >'%s' 2>&1 </dev/null; echo $?\n".formatted(script, output));
        input.flush();
        String status = status(command);
        String text = Files.readString(output)
                .replace(":" + qanat.port(), ":8080")
                .replace(Integer.toString(qanat.pgPort()), "54329");
        return new Outcome(Integer.parseInt(status), text);
    }

    private String status(String command) throws IOException, InterruptedException {
        try {
            String line = CompletableFuture.supplyAsync(this::readStatus).get(SECONDS, TimeUnit.SECONDS);
            if (line.isEmpty()) {
                throw new IOException("it ended the shell: " + command + Files.readString(scratch.resolve("errors")));
            }
            return line;
        } catch (TimeoutException e) {
            throw new IOException("not done after " + SECONDS + " seconds: " + command, e);
        } catch (ExecutionException e) {
            throw new IOException(e.getCause());
        }
    }

    private String readStatus() {
        try {
            String line = statuses.readLine();
            return line == null ? "" : line;
        } catch (IOException e) {
            return "";
        }
    }

    @Override
    public void close() {
        bash.descendants().forEach(ProcessHandle::destroyForcibly);
        bash.destroyForcibly();
    }
}
