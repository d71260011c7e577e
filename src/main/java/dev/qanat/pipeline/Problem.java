package dev.qanat.pipeline;

import dev.qanat.failure.Code;

/**
 * One thing that is wrong with a pipeline's YAML.
 *
 * @param line counted from 1
 * @param column counted from 1, in characters
 * @param path the place in the pipeline, such as {@code resources[0].columns.close.type}; empty for the text as a whole
 * @param code a code of a pipeline's YAML
 * @param message where, what and what to do; without the file's name and line, without values of settings and secrets
 */
public record Problem(int line, int column, String path, Code code, String message) {

    /** The problem in one line, such as {@code market_data.yaml:31 column 'close': unknown type 'money'; …}. */
    public String in(String fileName) {
        return fileName + ":" + line + " " + message;
    }
}
