package dev.qanat.records;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;

/** Counts what goes into an unpacker and what comes out of it, and stops one that makes too much of too little. */
final class Unpacking {
    private final Limits limits;
    private long packed;
    private long unpacked;

    Unpacking(Limits limits) {
        this.limits = limits;
    }

    void took(int bytes) {
        packed += bytes;
    }

    /** @throws InputFailure with {@link Code#TOO_LARGE} beyond the limits */
    void gave(int bytes) {
        unpacked += bytes;
        if (unpacked > limits.unpackedBytes()) {
            throw tooLarge("it unpacks to more than %,d bytes; raise QANAT_MAX_UNPACKED_SIZE if it is to".formatted(limits.unpackedBytes()));
        }
        if (unpacked > Limits.UNPACKED_FREELY && unpacked / limits.unpackedRatio() > packed) {
            throw tooLarge("it unpacks to more than %,d times its size; raise QANAT_MAX_UNPACKED_RATIO if it is to"
                    .formatted(limits.unpackedRatio()));
        }
    }

    private static InputFailure tooLarge(String reason) {
        return new InputFailure(Code.TOO_LARGE, "the file seems made to fill a disk: " + reason);
    }
}
