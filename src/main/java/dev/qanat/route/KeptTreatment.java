package dev.qanat.route;

import dev.qanat.pipeline.InvalidPipeline;
import dev.qanat.pipeline.Pipelines;
import dev.qanat.pipeline.Resource;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;
import java.util.Optional;

/**
 * How the personal values of kept records were treated. They cannot be treated otherwise than they were: a hash of a hash is nobody's, and
 * a mask has no way back.
 */
@ApplicationScoped
class KeptTreatment {

    private final Pipelines pipelines;

    KeptTreatment(Pipelines pipelines) {
        this.pipelines = pipelines;
    }

    /** The first of these versions of a pipeline that treated the personal values of the resource otherwise than now. */
    Optional<Integer> otherVersion(String pipeline, List<Integer> versions, Resource resource) {
        return versions.stream().filter(version -> !isTreatedAlike(pipeline, version, resource)).findFirst();
    }

    private boolean isTreatedAlike(String pipeline, int version, Resource resource) {
        try {
            return pipelines
                    .at(pipeline, version)
                    .resource(resource.name())
                    .filter(resource::treatsAs)
                    .isPresent();
        } catch (InvalidPipeline e) {
            // A setting of that version is gone, for instance.
            return !resource.isPersonal();
        }
    }
}
