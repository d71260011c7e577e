package dev.qanat.transform;

import java.util.Optional;

/** What stands in the database while models are compiled. */
@FunctionalInterface
public interface ExistingRelations {

    /** What stands under the relation's schema and identifier; empty if nothing does. */
    Optional<Kind> find(Relation relation);

    enum Kind {
        TABLE,
        VIEW,
        OTHER
    }
}
