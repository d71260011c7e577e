package dev.qanat.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.qanat.failure.InputFailure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HomeTest {

    @TempDir
    Path folder;

    @Test
    void a_home_is_made_with_its_inbox() {
        Home home = new Home(folder.resolve("new/home"));
        home.ready();
        assertThat(home.inbox()).isDirectory();
        home.ready();
    }

    @Test
    void an_inbox_that_cannot_be_made_is_refused() throws IOException {
        Files.createFile(folder.resolve("inbox"));
        assertThatThrownBy(() -> new Home(folder).ready()).isInstanceOf(InputFailure.class).hasMessageContaining("QANAT_HOME " + folder);
    }

    @Test
    void an_inbox_that_cannot_be_written_is_refused() throws IOException {
        Path inbox = Files.createDirectory(folder.resolve("inbox"));
        assertThat(inbox.toFile().setWritable(false)).isTrue();
        assumeThat(Files.isWritable(inbox)).as("root writes everywhere").isFalse();
        assertThatThrownBy(() -> new Home(folder).ready()).isInstanceOf(InputFailure.class).hasMessageContaining(inbox + " is not writable");
    }
}
