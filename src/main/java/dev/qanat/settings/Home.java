package dev.qanat.settings;

import java.nio.file.Path;

/**
 * The folder that everything Qanat keeps lies in. The folders below it are made by whoever needs them first.
 *
 * @param folder absolute
 */
public record Home(Path folder) {

    public Home {
        folder = folder.toAbsolutePath().normalize();
    }

    /** Where files are dropped, a folder per pipeline. */
    public Path inbox() {
        return folder.resolve("inbox");
    }

    /** Files whose run succeeded. */
    public Path archive() {
        return folder.resolve("archive");
    }

    /** Files whose run failed. */
    public Path quarantine() {
        return folder.resolve("quarantine");
    }

    /** Files that are written for others. */
    public Path exports() {
        return folder.resolve("exports");
    }

    /** Bytes of a request or a reply that are not a run's yet. What lies here at a start is left over. */
    public Path staging() {
        return folder.resolve("staging");
    }

    /** The embedded PostgreSQL's data. */
    public Path pg() {
        return folder.resolve("pg");
    }
}
