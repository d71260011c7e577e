package dev.qanat.records;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import dev.qanat.pipeline.FileRules;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;

class GunzipTest {

    @Test
    void a_file_cut_off_anywhere_fails() throws IOException {
        byte[] packed = packed(rows(0, 300));
        for (int cut = 1; cut < packed.length; cut++) {
            byte[] part = Arrays.copyOf(packed, cut);
            assertThatThrownBy(() -> read(part))
                    .as("cut after %d of %d bytes", cut, packed.length)
                    .isInstanceOfSatisfying(InputFailure.class, e -> assertThat(e.code()).isEqualTo(Code.CORRUPT_GZIP));
        }
    }

    @Test
    void a_second_member_cut_off_anywhere_fails() throws IOException {
        byte[] first = packed(rows(0, 10));
        byte[] both = joined(first, packed(rows(10, 20)));
        for (int cut = first.length + 1; cut < both.length; cut++) {
            byte[] part = Arrays.copyOf(both, cut);
            assertThatThrownBy(() -> read(part))
                    .as("cut after %d of %d bytes", cut, both.length)
                    .isInstanceOfSatisfying(InputFailure.class, e -> assertThat(e.code()).isEqualTo(Code.CORRUPT_GZIP));
        }
    }

    @Test
    void a_large_file_cut_off_fails_after_some_chunks() throws IOException {
        StringBuilder text = new StringBuilder();
        Random random = new Random(1);
        for (int i = 0; i < 100_000; i++) {
            text.append(i).append(',').append(random.nextLong()).append('\n');
        }
        byte[] packed = packed(text.toString());
        Chunks chunks = Readers.open(
                new ByteArrayInputStream(packed, 0, packed.length - 5), FileRules.DEFAULT, Declared.NOTHING);
        assertThat(chunks.next().records()).hasSize(Limits.CHUNK_RECORDS);
        assertThatThrownBy(() -> chunks.forEachRemaining(chunk -> {})).hasMessageContaining("ends too early");
        assertThatThrownBy(chunks::hasNext).as("asked again").hasMessageContaining("ends too early");
    }

    @Test
    void several_members_are_one_file_whatever_their_headers_hold() throws IOException {
        byte[] named = packed(rows(2, 4));
        byte[] header = {0x1F, (byte) 0x8B, 8, 4 | 8 | 16 | 2, 0, 0, 0, 0, 0, 3, 2, 0, 'x', 'y', 'n', 0, 'c', 0, 1, 2};
        byte[] second = joined(header, Arrays.copyOfRange(named, 10, named.length));
        byte[] all = joined(joined(packed(rows(0, 2)), second), packed(rows(4, 6)));
        assertThat(read(all)).isEqualTo(5);
        assertThat(read(joined(all, new byte[700]))).as("padded with zeros").isEqualTo(5);
    }

    @Test
    void bytes_that_come_one_at_a_time_are_all_read() throws IOException {
        byte[] all = joined(packed(rows(0, 100)), packed(rows(100, 200)));
        InputStream slow = new ByteArrayInputStream(all) {
            @Override
            public synchronized int read(byte[] target, int offset, int length) {
                return super.read(target, offset, Math.min(1, length));
            }

            @Override
            public synchronized int available() {
                return 0;
            }
        };
        Chunks chunks = Readers.open(slow, FileRules.DEFAULT, Declared.NOTHING);
        assertThat(chunks.next().records()).hasSize(199);
    }

    @Test
    void what_follows_the_end_is_not_ignored() throws IOException {
        byte[] followed = joined(packed(rows(0, 10)), "and more".getBytes(StandardCharsets.UTF_8));
        assertThatThrownBy(() -> read(followed)).hasMessageContaining("something else follows its end");
    }

    @Test
    void a_changed_byte_of_data_is_noticed() throws IOException {
        byte[] packed = packed(rows(0, 300));
        for (int i = 10; i < packed.length; i++) {
            byte[] changed = packed.clone();
            changed[i] ^= 0x10;
            assertThatThrownBy(() -> read(changed)).as("byte %d changed", i).isInstanceOf(InputFailure.class);
        }
    }

    private static int read(byte[] bytes) throws IOException {
        Chunks chunks = Readers.open(new ByteArrayInputStream(bytes), FileRules.DEFAULT, Declared.NOTHING);
        List<RawRecord> records = new ArrayList<>();
        chunks.forEachRemaining(chunk -> records.addAll(chunk.records()));
        return records.size();
    }

    private static String rows(int from, int to) {
        StringBuilder rows = new StringBuilder();
        for (int i = from; i < to; i++) {
            rows.append(i).append(',').append(i * 7919 % 1000).append('\n');
        }
        return rows.toString();
    }

    private static byte[] packed(String text) throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
            gzip.write(text.getBytes(StandardCharsets.UTF_8));
        }
        return packed.toByteArray();
    }

    private static byte[] joined(byte[] first, byte[] second) {
        byte[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }
}
