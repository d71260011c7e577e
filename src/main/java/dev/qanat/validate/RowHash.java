package dev.qanat.validate;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The hash of a row's values: SHA-256 over {@code name=value} and a NUL byte for each column that is not null, in the order of
 * the names' UTF-8 bytes. It depends neither on the order of the fields nor on columns that are null, so that neither another
 * order nor a new column makes an old row new. Columns that are computed have no part in it: they follow from the others.
 *
 * <p>Names and values are UTF-8. A value is the canonical text of its type, but for numbers (integer, bigint, numeric, double):
 * theirs is the plain decimal, without an exponent and without zeros that close a fraction ({@code 1.50}, {@code 15e-1} and
 * {@code 1.5} are {@code 1.5}; {@code 1.00} is {@code 1}; {@code 100} stays), so that a wider type makes no old row new. Neither
 * names nor values hold a NUL, and names no {@code =}, so that different rows are different bytes. With coreutils:
 *
 * <pre>{@code printf 'amount=1.5\0sku=A-1\0' | sha256sum}</pre>
 *
 * <p>One instance serves one thread; the {@link Order} of a set of columns serves all.
 */
final class RowHash {
    private final Order order;
    private final MessageDigest digest;
    private byte[] bytes = new byte[1024];

    RowHash(Order order) {
        this.order = order;
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }

    byte[] of(@Nullable String[] values) {
        int size = 0;
        for (int i = 0; i < order.positions.length; i++) {
            String value = values[order.positions[i]];
            if (value == null) {
                continue;
            }
            boolean number = order.numbers[i];
            if (number && value.indexOf('E') >= 0) {
                value = NumberText.plain(value);
            }
            int end = number ? NumberText.significantEnd(value) : value.length();
            byte[] prefix = order.prefixes[i];
            int room = size + prefix.length + 3 * end + 1;
            if (room > bytes.length || room < 0) {
                // A very long row goes to the digest by and by.
                digest.update(bytes, 0, size);
                size = 0;
                if (prefix.length + 3L * end + 1 > bytes.length) {
                    digest.update(prefix);
                    digest.update(value.substring(0, end).getBytes(StandardCharsets.UTF_8));
                    digest.update((byte) 0);
                    continue;
                }
            }
            System.arraycopy(prefix, 0, bytes, size, prefix.length);
            size = encode(value, end, size + prefix.length);
            bytes[size++] = 0;
        }
        digest.update(bytes, 0, size);
        return digest.digest();
    }

    private int encode(String value, int end, int at) {
        byte[] to = bytes;
        int size = at;
        for (int i = 0; i < end; i++) {
            char c = value.charAt(i);
            if (c >= 0x80) {
                byte[] rest = value.substring(i, end).getBytes(StandardCharsets.UTF_8);
                System.arraycopy(rest, 0, to, size, rest.length);
                return size + rest.length;
            }
            to[size++] = (byte) c;
        }
        return size;
    }

    /** The columns of a set in the order in which they are hashed. */
    static final class Order {
        private final int[] positions;
        private final byte[][] prefixes;
        private final boolean[] numbers;

        Order(List<ColumnRule> columns) {
            byte[][] names = columns.stream()
                    .map(c -> c.name().getBytes(StandardCharsets.UTF_8))
                    .toArray(byte[][]::new);
            positions = IntStream.range(0, names.length)
                    .boxed()
                    .sorted(Comparator.comparing(i -> names[i], Arrays::compareUnsigned))
                    .mapToInt(Integer::intValue)
                    .toArray();
            prefixes = new byte[positions.length][];
            numbers = new boolean[positions.length];
            for (int i = 0; i < positions.length; i++) {
                byte[] name = names[positions[i]];
                prefixes[i] = Arrays.copyOf(name, name.length + 1);
                prefixes[i][name.length] = '=';
                numbers[i] = columns.get(positions[i]).isNumber();
            }
        }
    }
}
