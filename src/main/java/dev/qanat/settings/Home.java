package dev.qanat.settings;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.UUID;

/**
 * The folder that everything Qanat keeps lies in. The folders below it are made by whoever needs them first.
 *
 * @param folder absolute
 */
public record Home(Path folder) {

    public Home {
        folder = folder.toAbsolutePath().normalize();
    }

    /** What tells this home from others, also on other machines: made when it is first asked for, and kept in the home. */
    public String id() throws IOException {
        return idOr(UUID.randomUUID().toString());
    }

    /** As {@link #id()}; a home that has none yet becomes the one of this id. */
    public String idOr(String first) throws IOException {
        Path file = folder.resolve(".id");
        if (!Files.exists(file)) {
            if (!Files.isDirectory(folder)) {
                // Which takes no link for a folder.
                Files.createDirectories(folder);
            }
            Path aside = Files.writeString(folder.resolve(".id-" + UUID.randomUUID()), first);
            Files.move(aside, file, StandardCopyOption.ATOMIC_MOVE);
        }
        return Files.readString(file).strip();
    }

    /**
     * Makes the home and its inbox where they are missing.
     *
     * @throws InputFailure where files could not be put away, since one of the two cannot be written
     */
    public void ready() {
        for (Path needed : List.of(folder, inbox())) {
            try {
                if (!Files.isDirectory(needed)) {
                    // Which takes no link for a folder.
                    Files.createDirectories(needed);
                }
            } catch (IOException e) {
                throw new InputFailure(Code.INVALID_SETTING, "QANAT_HOME " + folder + " cannot be used: " + e + ". It must be writable", e);
            }
            if (!Files.isWritable(needed)) {
                throw new InputFailure(
                        Code.INVALID_SETTING,
                        "QANAT_HOME " + folder + " cannot be used: " + needed + " is not writable for the user of this process. Give it to that user");
            }
        }
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
