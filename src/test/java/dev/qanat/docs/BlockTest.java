package dev.qanat.docs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class BlockTest {

    @Test
    void a_block_knows_its_kind_its_mark_and_its_line_also_within_a_list() {
        assertThat(blocks("text\n\n```sh no-engine\ndocker ps\n```\n\n1. first\n\n   ```json\n   {\"a\":\n     1}\n   ```\n"))
                .containsExactly(
                        new Block(Path.of("page.md"), 4, "sh", "no-engine", "docker ps\n"),
                        new Block(Path.of("page.md"), 10, "json", "", "{\"a\":\n  1}\n"));
    }

    @Test
    void a_command_has_its_here_document_its_continued_lines_and_its_output() {
        Block block = blocks("""
                ```console
                $ cat > a.yaml <<'END'
                - $ no command
                END
                $ curl -s \\
                >   localhost
                one

                two
                ```
                """).get(0);
        assertThat(block.commands())
                .containsExactly(
                        new Block.Command(2, "cat > a.yaml <<'END'\n- $ no command\nEND\n", ""),
                        new Block.Command(5, "curl -s \\\n  localhost\n", "one\n\ntwo\n"));
    }

    @Test
    void a_console_without_a_prompt_is_a_mistake() {
        assertThatThrownBy(() -> blocks("```console\ncurl\n```\n").get(0).commands()).hasMessage("page.md:2: a console begins with '$ '");
    }

    @Test
    void what_is_printed_must_be_what_is_shown() {
        Block.Command command = new Block.Command(1, "ls", "{\"id\":…,\"a.b\":1}\n");
        assertThat(command.shows("{\"id\":42,\"a.b\":1}  \n")).isTrue();
        assertThat(command.shows("{\"id\":42,\"axb\":1}\n")).isFalse();
        assertThat(command.shows("{\"id\":4\n2,\"a.b\":1}\n")).isFalse();
        assertThat(command.shows("{\"id\":42,\"a.b\":1}\nmore\n")).isFalse();
        assertThat(new Block.Command(1, "ls", "").shows("something\n")).isFalse();
        assertThat(new Block.Command(1, "ls", "first\n…\nlast\n").shows("first\n1\n2\nlast\n")).isTrue();
    }

    private static List<Block> blocks(String page) {
        return Block.of(Path.of("page.md"), page.lines().toList());
    }
}
