package dev.qanat.build;

import dev.qanat.failure.Code;
import dev.qanat.failure.Failure;
import dev.qanat.failure.InputFailure;
import dev.qanat.settings.AllowedEnvironment;
import dev.qanat.settings.Secrets;
import dev.qanat.settings.Settings;
import dev.qanat.transform.Manifest;
import dev.qanat.transform.ProjectSettings;
import dev.qanat.transform.Target;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** The dbt project in the folder that {@code QANAT_TRANSFORM} names, read anew when one of its files changes. Safe for several threads. */
@ApplicationScoped
public class Project {

    /** What dbt itself writes below a project, and what is nobody's model. */
    private static final Set<String> PASSED_OVER = Set.of("target", "logs", "dbt_packages", "dbt_modules");

    /** How many models are built at a time. */
    static final int THREADS = 4;

    private final Path folder;
    private final AllowedEnvironment environment;
    private final Secrets secrets;
    private final DataSource dataSource;
    private @Nullable Read last;

    /** @param files what the folder looked like before it was read */
    private record Read(Map<String, Look> files, Manifest manifest) {}

    private record Look(long size, long modified) {}

    Project(Settings settings, AllowedEnvironment environment, Secrets secrets, DataSource dataSource) {
        this.secrets = secrets;
        this.folder = settings.transform();
        this.environment = environment;
        this.dataSource = dataSource;
    }

    public Path folder() {
        return folder;
    }

    /**
     * The project as it is now.
     *
     * @return empty when there is none
     * @throws InputFailure for the first thing in it that cannot be taken, with its file and line
     * @throws Failure when the database does not answer
     */
    public synchronized Optional<Manifest> manifest() {
        if (!Files.isRegularFile(folder.resolve("dbt_project.yml")) && !Files.isDirectory(folder.resolve("models"))) {
            return Optional.empty();
        }
        Map<String, Look> now = look();
        if (last == null || !last.files().equals(now)) {
            last = new Read(now, read());
        }
        return Optional.of(last.manifest());
    }

    private Manifest read() {
        try {
            return Manifest.read(folder, settings());
        } catch (StackOverflowError e) {
            throw new InputFailure(Code.INVALID_PROJECT, folder + ": something in it is nested too deeply to be read", e);
        }
    }

    private Map<String, Look> look() {
        Map<String, Look> files = new TreeMap<>();
        try {
            Files.walkFileTree(folder, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult preVisitDirectory(Path path, BasicFileAttributes attributes) {
                    String name = path.getFileName().toString();
                    boolean passed = !path.equals(folder) && (name.startsWith(".") || PASSED_OVER.contains(name));
                    return passed ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFile(Path path, BasicFileAttributes attributes) {
                    files.put(path.toString(), new Look(attributes.size(), attributes.lastModifiedTime().toMillis()));
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFileFailed(Path path, IOException e) {
                    // Gone since its name was read.
                    return FileVisitResult.CONTINUE;
                }
            });
        } catch (IOException e) {
            throw new InputFailure(Code.FILE_UNREADABLE, folder + ": " + e.getMessage(), e);
        }
        return files;
    }

    private ProjectSettings settings() {
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT current_database(), current_user")) {
            row.next();
            Target target = new Target("prod", row.getString(1), "gold", row.getString(2), THREADS);
            return new ProjectSettings(
                    target,
                    Map.of(),
                    name -> environment.allows(name) && !secrets.isOne(name),
                    name -> environment.apply(name).orElse(null));
        } catch (SQLException e) {
            throw Failure.of(e, "reading the project " + folder);
        }
    }
}
