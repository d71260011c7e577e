package dev.qanat.transform;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The files of a project; names are relative to its folder, with slashes, and in their order. */
final class ProjectFolder {
    /** A text of a project is read whole; nobody writes a larger one. */
    private static final long MAX_BYTES = 10 << 20;

    private final Path folder;

    ProjectFolder(Path folder) {
        this.folder = folder;
    }

    List<String> files(List<String> below, String extension) {
        return below.stream().flatMap(path -> files(path, extension).stream()).distinct().sorted().toList();
    }

    private List<String> files(String below, String extension) {
        Path root = folder.resolve(below).normalize();
        if (!root.startsWith(folder.normalize())) {
            throw new InputFailure(Code.INVALID_PROJECT, "dbt_project.yml:1 '%s' lies outside of the project".formatted(below));
        }
        if (!Files.isDirectory(root)) {
            return List.of();
        }
        try (Stream<Path> found = Files.walk(root)) {
            return found.filter(Files::isRegularFile)
                    .filter(file -> file.getFileName().toString().endsWith(extension))
                    .map(file -> folder.normalize().relativize(file).toString().replace('\\', '/'))
                    .toList();
        } catch (IOException e) {
            throw new InputFailure(Code.FILE_UNREADABLE, "%s: %s".formatted(below, e.getMessage()), e);
        }
    }

    boolean has(String file) {
        return Files.isRegularFile(folder.resolve(file));
    }

    String text(String file) {
        try {
            if (Files.size(folder.resolve(file)) > MAX_BYTES) {
                throw new InputFailure(Code.TOO_LARGE, "%s:1 a file of a project may have 10 MiB".formatted(file));
            }
            return Files.readString(folder.resolve(file), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new InputFailure(Code.FILE_UNREADABLE, "%s:1 cannot be read as UTF-8: %s".formatted(file, e), e);
        }
    }
}
