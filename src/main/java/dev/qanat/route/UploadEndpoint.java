package dev.qanat.route;

import static org.apache.camel.component.platform.http.vertx.VertxPlatformHttpConstants.AUTHENTICATED_USER;

import dev.qanat.pipeline.ConfigHistory;
import dev.qanat.pipeline.Pipelines;
import dev.qanat.web.Callers;
import dev.qanat.web.ConfigView;
import dev.qanat.web.Reply;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;
import org.apache.camel.Body;
import org.apache.camel.Header;
import org.jspecify.annotations.Nullable;

/** {@code POST /upload-config}: checks a pipeline's YAML and puts it in force as a new version. */
@ApplicationScoped
@Named("uploadEndpoint")
public class UploadEndpoint {

    private final Pipelines pipelines;
    private final Activation activation;

    UploadEndpoint(Pipelines pipelines, Activation activation) {
        this.pipelines = pipelines;
        this.activation = activation;
    }

    /** The first parameters are those of {@link UploadedYaml#of}. */
    public Reply post(
            @Body byte @Nullable [] uploaded,
            @Header("file") @Nullable String field,
            @Header("CamelFileName") @Nullable String fileName,
            @Header(AUTHENTICATED_USER) @Nullable Object user)
            throws Exception {
        UploadedYaml yaml = UploadedYaml.of(uploaded, field, fileName);
        ConfigHistory.Put put = pipelines.upload(yaml.text(), yaml.fileName(), Callers.of(user).name());
        activation.refresh();
        return ConfigView.put(put);
    }
}
