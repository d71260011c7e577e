package dev.qanat;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;

/** Inputs for fuzz tests: known ones with some of their bytes changed, moved, doubled or taken away. */
public final class Mutations {

    private enum Kind {
        FLIP,
        SET,
        INSERT,
        CUT,
        REMOVE,
        DOUBLE
    }

    private record Mutation(Kind kind, int at, int length, byte[] bytes) {

        byte[] of(byte[] input) {
            int from = input.length == 0 ? 0 : at % input.length;
            int to = Math.min(input.length, from + length);
            byte[] changed = input.clone();
            return switch (kind) {
                case FLIP -> {
                    if (input.length > 0) {
                        changed[from] ^= (byte) (1 << length % 8);
                    }
                    yield changed;
                }
                case SET -> {
                    System.arraycopy(bytes, 0, changed, from, Math.min(bytes.length, input.length - from));
                    yield changed;
                }
                case INSERT -> joined(input, from, bytes, from);
                case CUT -> Arrays.copyOf(input, from);
                case REMOVE -> joined(input, from, new byte[0], to);
                case DOUBLE -> joined(input, to, Arrays.copyOfRange(input, from, to), to);
            };
        }

        private static byte[] joined(byte[] input, int until, byte[] between, int since) {
            ByteArrayOutputStream joined = new ByteArrayOutputStream();
            joined.write(input, 0, until);
            joined.writeBytes(between);
            joined.write(input, since, input.length - since);
            return joined.toByteArray();
        }
    }

    private Mutations() {}

    /** @param tokens what means something to the reader, and is put in now and then */
    public static Arbitrary<byte[]> of(List<byte[]> inputs, List<byte[]> tokens) {
        Arbitrary<byte[]> bytes = Arbitraries.oneOf(
                Arbitraries.of(tokens), Arbitraries.bytes().array(byte[].class).ofMinSize(1).ofMaxSize(4));
        Arbitrary<Mutation> mutation = Combinators.combine(
                        Arbitraries.of(Kind.class),
                        Arbitraries.integers().between(0, 1 << 20).withDistribution(net.jqwik.api.RandomDistribution.uniform()),
                        Arbitraries.integers().between(0, 64),
                        bytes)
                .as(Mutation::new);
        return Combinators.combine(Arbitraries.of(inputs), mutation.list().ofMaxSize(8)).as((input, mutations) -> {
            byte[] changed = input;
            for (Mutation each : mutations) {
                changed = each.of(changed);
            }
            return changed;
        });
    }
}
