package dev.qanat.access;

import org.jspecify.annotations.Nullable;

/**
 * Who sends a request.
 *
 * @param name of the key, or one of the names here that no key may have
 * @param keyId of a key in the database; null for others
 */
public record Caller(String name, Role role, @Nullable Long keyId) {

    /** Whoever works on this machine, where there is no key. */
    public static final Caller LOCAL = new Caller("local", Role.ADMIN, null);

    /** Who shows the key of the environment. */
    public static final Caller ENVIRONMENT = new Caller("api_key", Role.ADMIN, null);

    /** Who shows the other key of the environment, such as a monitoring system. */
    public static final Caller ENVIRONMENT_VIEWER = new Caller("viewer_key", Role.VIEWER, null);

    /** Whoever asks for what is public. */
    public static final Caller ANYBODY = new Caller("anybody", Role.PUBLIC, null);

    /** What the server itself does. */
    public static final Caller SERVER = new Caller("qanat", Role.ADMIN, null);

    /** Whether no key may have this name. */
    public static boolean isReserved(String name) {
        return name.equals(LOCAL.name)
                || name.equals(ENVIRONMENT.name)
                || name.equals(ENVIRONMENT_VIEWER.name)
                || name.equals(ANYBODY.name)
                || name.equals(SERVER.name);
    }
}
