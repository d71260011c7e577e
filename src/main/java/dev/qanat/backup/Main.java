package dev.qanat.backup;

import dev.qanat.failure.Code;
import dev.qanat.failure.Failure;
import dev.qanat.failure.InputFailure;
import dev.qanat.settings.Database;
import dev.qanat.settings.DatabaseChoice;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * What {@code bin/backup}, {@code bin/restore} and {@code bin/move} run. It ends with 0 when everything is done, with 1 and a line
 * {@code code: message} on the standard error when nothing is, and with 2 when it was asked for something else.
 */
public final class Main {
    private static final String LEAVE_OUT = "--leave-out";

    private final DatabaseChoice choice;
    private final boolean leaveOut;

    private Main(DatabaseChoice choice, boolean leaveOut) {
        this.choice = choice;
        this.leaveOut = leaveOut;
    }

    public static void main(String[] arguments) {
        System.exit(run(List.of(arguments)));
    }

    private static int run(List<String> arguments) {
        List<String> words = new ArrayList<>(arguments);
        boolean leaveOut = words.remove(LEAVE_OUT);
        if (words.size() != 2 || !Set.of("backup", "restore", "move").contains(words.get(0)) || words.get(1).startsWith("-")) {
            System.err.println("backup FILE [--leave-out] | restore FILE | move DATABASE_URL [--leave-out]");
            return 2;
        }
        // What is to be told is told here.
        Logger.getLogger("").setLevel(Level.SEVERE);
        try {
            Main main = new Main(DatabaseChoice.read(), leaveOut);
            switch (words.get(0)) {
                case "backup" -> main.backup(Path.of(words.get(1)).toAbsolutePath());
                case "restore" -> main.restore(Path.of(words.get(1)).toAbsolutePath());
                default -> main.move(words.get(1));
            }
            return 0;
        } catch (Failure e) {
            System.err.println(e.code().id() + ": " + e.getMessage());
        } catch (IOException | SQLException e) {
            System.err.println(Code.BACKUP_FAILED.id() + ": " + why(e).strip().replaceAll("\\s*\\R\\s*", " ") + "; what was begun is undone");
        } catch (OutOfMemoryError e) {
            System.err.println(Code.BACKUP_FAILED.id()
                    + ": a row does not fit into memory; allow more of it, as with JAVA_OPTS=-Xmx2g; what was begun is undone");
        }
        return 1;
    }

    private static String why(Exception e) {
        String message = String.valueOf(e.getMessage());
        if (e instanceof NoSuchFileException) {
            return message + ": there is no such file or folder";
        }
        return e instanceof AccessDeniedException ? message + ": permission denied" : message;
    }

    private void backup(Path file) throws IOException, SQLException {
        try (OpenDatabase database = OpenDatabase.toRead(choice);
                Connection second = database.database().connect();
                Snapshot snapshot = Snapshot.of(database.connection(), second)) {
            List<String> leftOut = leftOut(snapshot);
            String takenAt = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
            String postgres = database.connection().getMetaData().getDatabaseProductVersion();
            String home = choice.home().id();
            Manifest written = BackupFile.write(file, snapshot.steps(), snapshot, tables -> new Manifest(
                    Manifest.FORMAT,
                    takenAt,
                    postgres,
                    snapshot.ledgerVersion(),
                    home,
                    snapshot.schemas(),
                    leftOut,
                    tables,
                    snapshot.steps()));
            System.out.println(file + ": " + told(written.tables()) + ", from PostgreSQL " + postgres + ", ledger version " + written.ledger());
        }
    }

    private void restore(Path file) throws IOException, SQLException {
        try (BackupFile backup = BackupFile.open(file)) {
            Restoration.refuseNewer(backup.manifest().ledger());
            restore(backup);
        }
    }

    private void restore(BackupFile backup) throws IOException, SQLException {
        Manifest manifest = backup.manifest();
        try (OpenDatabase database = OpenDatabase.toMake(choice)) {
            Restoration.Done done = new Restoration(database.connection(), manifest.schemas(), manifest.steps(), backup).run();
            choice.home().idOr(manifest.home());
            System.out.println(database.database().place() + ": " + told(done.tables()) + ", as of " + manifest.takenAt());
            tellAbsent(done.absentRoles());
        }
    }

    private void move(String url) throws IOException, SQLException {
        if (choice.own().isPresent()) {
            throw new InputFailure(
                    Code.INVALID_SETTING,
                    "the settings name a database already, " + choice.own().get().place()
                            + "; move takes the embedded one elsewhere. Unset DATABASE_URL and QUARKUS_DATASOURCE_JDBC_URL, or use backup and"
                            + " restore");
        }
        Database named = Database.of(url);
        if (named.password() != null) {
            throw new InputFailure(
                    Code.INVALID_SETTING,
                    "the URL has a password, which every user of this machine can read in an argument; set PGPASSWORD, or write it into"
                            + " ~/.pgpass");
        }
        Database to = named.withPassword(System.getenv("PGPASSWORD"));
        try (OpenDatabase from = OpenDatabase.atRest(choice);
                Connection second = from.database().connect();
                Snapshot snapshot = Snapshot.of(from.connection(), second);
                OpenDatabase target = OpenDatabase.of(to)) {
            leftOut(snapshot);
            Restoration.Done done =
                    new Restoration(target.connection(), snapshot.schemas(), snapshot.steps(), snapshot).run();
            System.out.println(to.place() + ": " + told(done.tables()));
            tellAbsent(done.absentRoles());
            System.out.println("Start Qanat with DATABASE_URL=" + url + " and the password in QUARKUS_DATASOURCE_PASSWORD; "
                    + choice.home().pg() + " is not read any more");
        }
    }

    private List<String> leftOut(Snapshot snapshot) {
        List<String> notCarried = snapshot.notCarried();
        if (!notCarried.isEmpty() && !leaveOut) {
            throw new InputFailure(
                    Code.NOT_CARRIED,
                    "not carried: " + String.join(", ", notCarried) + ". Drop them, or go on without them (" + LEAVE_OUT + ")");
        }
        notCarried.forEach(object -> System.err.println("not carried: " + object));
        return notCarried;
    }

    private static void tellAbsent(Set<String> roles) {
        roles.forEach(role -> System.err.println("There is no role " + role + " here: what it may do was left out"));
    }

    private static String told(List<Copied> tables) {
        return String.format(
                Locale.ROOT, "%,d tables, %,d rows", tables.size(), tables.stream().mapToLong(Copied::rows).sum());
    }
}
