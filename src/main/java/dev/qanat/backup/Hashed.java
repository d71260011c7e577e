package dev.qanat.backup;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** Counts and hashes the bytes that pass through to another stream, which stays open. For one thread. */
final class Hashed extends FilterOutputStream {
    private final MessageDigest digest;
    private long bytes;

    Hashed(OutputStream to) {
        super(to);
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void write(int octet) throws IOException {
        write(new byte[] {(byte) octet}, 0, 1);
    }

    @Override
    public void write(byte[] block, int offset, int length) throws IOException {
        out.write(block, offset, length);
        digest.update(block, offset, length);
        bytes += length;
    }

    @Override
    public void close() throws IOException {
        out.flush();
    }

    /** What has passed through; to be asked once. */
    Copied copied(String table, long rows) {
        return new Copied(table, rows, bytes, HexFormat.of().formatHex(digest.digest()));
    }
}
