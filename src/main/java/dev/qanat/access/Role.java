package dev.qanat.access;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** What somebody may do; each role may all that the ones before it may. {@code PUBLIC} is nobody's: it needs no key. */
public enum Role {
    PUBLIC,
    VIEWER,
    OPERATOR,
    ADMIN;

    public String id() {
        return name().toLowerCase(Locale.ROOT);
    }

    public static Optional<Role> of(String id) {
        return Arrays.stream(values()).filter(role -> role.id().equals(id)).findFirst();
    }

    public boolean reaches(Role needed) {
        return compareTo(needed) >= 0;
    }
}
