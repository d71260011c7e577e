package dev.qanat.embedded;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PostmasterTest {

    @Test
    void a_folder_without_the_file_has_no_server(@TempDir Path data) throws IOException {
        assertThat(Postmaster.on(data)).isNull();
    }

    @Test
    void a_file_whose_number_belongs_to_another_process_now_is_removed(@TempDir Path data) throws IOException {
        Path file = Files.write(
                data.resolve("postmaster.pid"),
                List.of(Long.toString(ProcessHandle.current().pid()), data.toString(), "1795258454", "54329"));
        assertThat(Postmaster.on(data)).isNull();
        assertThat(file).doesNotExist();
    }

    @Test
    void a_file_that_a_crash_cut_off_is_removed(@TempDir Path data) throws IOException {
        Path file = Files.writeString(data.resolve("postmaster.pid"), "");
        assertThat(Postmaster.on(data)).isNull();
        assertThat(file).doesNotExist();
    }

    @Test
    void a_server_that_has_not_written_its_port_yet_has_none() {
        assertThat(Postmaster.parse(List.of("17", "/data/pg"))).isEqualTo(new Postmaster(17, 0));
    }
}
