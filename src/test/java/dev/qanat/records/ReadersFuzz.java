package dev.qanat.records;

import dev.qanat.pipeline.FileRules;
import java.io.IOException;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.GenerationMode;
import net.jqwik.api.Property;
import net.jqwik.api.Tuple.Tuple4;

/** {@link ReadersFuzzTest} with a seed of its own each time, and as many tries as {@code bench/fuzz} asks for. No part of the suite. */
class ReadersFuzz extends ReadersFuzzTest {

    @Property(edgeCases = EdgeCasesMode.NONE, generation = GenerationMode.RANDOMIZED)
    void at_length(@ForAll("files") Tuple4<byte[], Wrapper, FileRules, Declared> input) throws IOException {
        survives(input);
    }
}
