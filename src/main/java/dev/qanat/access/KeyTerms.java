package dev.qanat.access;

import java.util.Optional;

/**
 * What the settings say of keys.
 *
 * @param environmentKey a key of the role admin that is not in the database
 * @param viewerKey one of the role viewer; by itself it is no reason to ask everybody for a key
 * @param secret with which keys are hashed; without one it is made once and kept in the database
 * @param required whether a key is needed also where none was made yet
 */
public record KeyTerms(Optional<String> environmentKey, Optional<String> viewerKey, Optional<String> secret, boolean required) {}
