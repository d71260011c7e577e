package dev.qanat.embedded;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * One process per home. The operating system holds the lock and gives it back when the process ends, however it ends, so a
 * crash leaves nothing to clean up.
 */
final class HomeLock {
    // Held, not used: a channel that is out of reach is closed, and its lock is gone.
    @SuppressWarnings("unused")
    private final FileChannel channel;

    private HomeLock(FileChannel channel) {
        this.channel = channel;
    }

    /**
     * Takes the home for the rest of this process's life. A process that has it already may take it again.
     *
     * @throws InputFailure {@code home_in_use} when another process has it
     */
    static HomeLock take(Path home) throws IOException {
        Path file = home.resolve(".lock");
        FileChannel channel =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        try {
            FileLock lock = channel.tryLock();
            if (lock == null) {
                String holder = Files.readString(file).strip();
                channel.close();
                throw new InputFailure(
                        Code.HOME_IN_USE,
                        home + " is in use by another Qanat" + (holder.isEmpty() ? "" : " (process " + holder + ")")
                                + "; stop it, or set QANAT_HOME to another folder."
                                + " Several processes on one home need a PostgreSQL of their own (DATABASE_URL)");
            }
            channel.truncate(0);
            channel.write(
                    ByteBuffer.wrap((ProcessHandle.current().pid() + "\n").getBytes(StandardCharsets.US_ASCII)), 0);
        } catch (OverlappingFileLockException e) {
            // This process holds it: an earlier start of the application in it, as in tests and live reloading. The channel
            // stays open, as closing any channel of a file gives back every lock that the process has on it.
            return new HomeLock(channel);
        }
        return new HomeLock(channel);
    }
}
