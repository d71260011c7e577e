package dev.qanat.pipeline;

import java.time.Duration;

/**
 * A folder whose files are loaded.
 *
 * @param name what resources refer to
 * @param path the folder, relative to the home, without {@code ..}
 * @param onSuccess what becomes of a loaded file
 * @param watch how often a folder whose files are kept is looked at
 */
public record FilesSource(String name, String path, OnSuccess onSuccess, Duration watch) {

    public enum OnSuccess {
        /** The folder is an inbox, looked at every second; loaded files go to the archive. */
        ARCHIVE,
        /** Files stay; a changed one is read again. */
        KEEP
    }
}
