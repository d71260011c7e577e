package dev.qanat.pipeline;

import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.GenerationMode;
import net.jqwik.api.Property;

/** {@link PipelineFuzzTest} with a seed of its own each time, and as many tries as {@code bench/fuzz} asks for. No part of the suite. */
class PipelineFuzz extends PipelineFuzzTest {

    @Property(edgeCases = EdgeCasesMode.NONE, generation = GenerationMode.RANDOMIZED)
    void at_length(@ForAll("texts") byte[] input) {
        survives(input);
    }
}
