package dev.qanat.route;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WatchedFolderTest {

    @TempDir
    private Path home;

    @Test
    void follows_the_links_by_which_a_container_mounts_its_configuration() throws Exception {
        Path mounted = Files.createDirectories(home.resolve("mounted"));
        version("..first", "one");
        Files.createSymbolicLink(mounted.resolve("..data"), Path.of("..first"));
        Files.createSymbolicLink(mounted.resolve("a.yaml"), Path.of("..data", "a.yaml"));
        Path link = Files.createSymbolicLink(home.resolve("routes"), mounted);
        WatchedFolder folder = new WatchedFolder(link);

        assertThat(folder.all()).containsExactly(new WatchedFolder.Change("a.yaml", "one"));
        folder.take(new WatchedFolder.Change("a.yaml", "one"));

        version("..second", "two");
        Files.createSymbolicLink(mounted.resolve("..new"), Path.of("..second"));
        Files.move(mounted.resolve("..new"), mounted.resolve("..data"), StandardCopyOption.ATOMIC_MOVE);
        folder.changes();
        assertThat(folder.changes()).containsExactly(new WatchedFolder.Change("a.yaml", "two"));
    }

    @Test
    void is_not_led_astray_by_links_that_lead_nowhere_or_in_a_circle() throws Exception {
        Path routes = Files.createDirectories(home.resolve("routes/sub"));
        Files.createSymbolicLink(routes.resolve("circle"), home.resolve("routes"));
        Files.createSymbolicLink(routes.resolve("nowhere.yaml"), Path.of("nothing"));
        Files.writeString(routes.resolve("a.yaml"), "one");

        assertThat(new WatchedFolder(home.resolve("routes")).all()).isEqualTo(List.of(new WatchedFolder.Change("sub/a.yaml", "one")));
    }

    @Test
    void leaves_hidden_files_and_folders_alone() throws Exception {
        Path hidden = Files.createDirectories(home.resolve("routes/.git"));
        Files.writeString(hidden.resolve("a.yaml"), "one");
        Files.writeString(home.resolve("routes/.a.yaml"), "one");

        assertThat(new WatchedFolder(home.resolve("routes")).all()).isEmpty();
    }

    private void version(String name, String text) throws IOException {
        Files.writeString(Files.createDirectories(home.resolve("mounted").resolve(name)).resolve("a.yaml"), text);
    }
}
