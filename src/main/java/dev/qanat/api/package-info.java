/**
 * Reading an API as a pipeline declares it: which request comes next, and what its answer means, down to chunks of records. Sends
 * nothing itself and waits for nothing: whoever asks for a request sends it, within the limits of rate, and brings the answer.
 */
@NullMarked
package dev.qanat.api;

import org.jspecify.annotations.NullMarked;
