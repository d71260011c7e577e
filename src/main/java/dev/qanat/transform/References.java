package dev.qanat.transform;

/** What {@code ref} and {@code source} stand for; whatever cannot be found is a fault. */
interface References {

    /** A relation, or the name of the common table expression of an ephemeral model. */
    Object ref(String name);

    Relation source(String source, String table);
}
