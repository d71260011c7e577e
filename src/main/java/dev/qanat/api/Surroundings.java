package dev.qanat.api;

import dev.qanat.records.Declared;
import dev.qanat.records.Limits;
import java.time.InstantSource;
import java.util.function.IntSupplier;
import java.util.function.UnaryOperator;

/**
 * What a partition's pages need besides the pipeline.
 *
 * @param secrets gives a secret's value by its name, and throws where there is none; each is asked for once, at the beginning
 * @param tokens shared by all that ask the same servers
 * @param declared what is declared of the resource, for one partition's use
 * @param chunkNumbers gives each chunk its number; partitions that are staged together share it
 */
public record Surroundings(
        UnaryOperator<String> secrets,
        Tokens tokens,
        Validators validators,
        Declared declared,
        Limits limits,
        IntSupplier chunkNumbers,
        InstantSource clock) {}
