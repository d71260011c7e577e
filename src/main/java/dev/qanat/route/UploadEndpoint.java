package dev.qanat.route;

import dev.qanat.pipeline.ConfigHistory;
import dev.qanat.pipeline.Pipelines;
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
    private final Inboxes inboxes;
    private final Caller caller;

    UploadEndpoint(Pipelines pipelines, Inboxes inboxes, Caller caller) {
        this.pipelines = pipelines;
        this.inboxes = inboxes;
        this.caller = caller;
    }

    /** The parameters are those of {@link UploadedYaml#of}. */
    public Reply post(
            @Body byte @Nullable [] uploaded,
            @Header("file") @Nullable String field,
            @Header("CamelFileName") @Nullable String fileName)
            throws Exception {
        UploadedYaml yaml = UploadedYaml.of(uploaded, field, fileName);
        ConfigHistory.Put put = pipelines.upload(yaml.text(), yaml.fileName(), caller.name());
        inboxes.refresh();
        return ConfigView.put(put);
    }
}
