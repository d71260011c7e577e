package dev.qanat.route;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/** A file's bytes, counted and hashed as they are read. For one reading thread; the count may be asked by any. */
final class SourceStream extends FilterInputStream {

    private final Path file;
    private final Runnable check;
    private final MessageDigest digest = sha256Digest();
    private volatile long count;
    private @Nullable String sha256;

    private SourceStream(Path file, InputStream bytes, Runnable check) {
        super(bytes);
        this.file = file;
        this.check = check;
    }

    /**
     * Opens a file itself; a link that took its place is not followed.
     *
     * @param check is run before every read and may throw what shall end the reading
     * @throws InputFailure when the file is there and must not be read
     */
    static SourceStream open(Path file, Runnable check) throws IOException {
        try {
            return new SourceStream(file, Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS), check);
        } catch (NoSuchFileException e) {
            throw e;
        } catch (IOException e) {
            throw unreadable(file.getFileName().toString(), e);
        }
    }

    /** What it means that a file is there and cannot be read. */
    static InputFailure unreadable(String file, IOException e) {
        String reason = e instanceof AccessDeniedException
                ? "permission denied"
                : String.valueOf(e instanceof FileSystemException of && of.getReason() != null ? of.getReason() : e.getMessage());
        return new InputFailure(Code.FILE_UNREADABLE, file + " cannot be read: " + reason + "; mend that and drop it again", e);
    }

    /** The hash of a whole file, as hexadecimal digits. */
    static String sha256(Path file, Runnable check) throws IOException {
        try (SourceStream stream = open(file, check)) {
            return stream.drain();
        }
    }

    /** Reads what is left and gives the hash of all. */
    String drain() throws IOException {
        byte[] buffer = new byte[1 << 16];
        while (read(buffer, 0, buffer.length) >= 0) {
            // hashed by read
        }
        return sha256();
    }

    /** The hash, as hexadecimal digits, of what was read: of the whole file once its end was met. */
    synchronized String sha256() {
        String known = sha256;
        if (known == null) {
            known = HexFormat.of().formatHex(digest.digest());
            sha256 = known;
        }
        return known;
    }

    long count() {
        return count;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        check.run();
        int got;
        try {
            got = in.read(bytes, offset, length);
        } catch (IOException e) {
            throw unreadable(file.getFileName().toString(), e);
        }
        if (got > 0) {
            digest.update(bytes, offset, got);
            count += got;
        }
        return got;
    }

    @Override
    public long skip(long most) throws IOException {
        // What is skipped must be hashed as well.
        byte[] skipped = new byte[(int) Math.min(most, 1 << 16)];
        return Math.max(0, read(skipped, 0, skipped.length));
    }

    @Override
    public boolean markSupported() {
        return false;
    }

    private static MessageDigest sha256Digest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
