package dev.qanat.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RequiredSecretsTest {

    private static Pipeline pipeline(String name) throws IOException {
        return new PipelineReader(setting -> Optional.empty())
                .read(Files.readString(Path.of("src/test/resources/pipelines/valid", name)), name);
    }

    @Test
    void a_pipeline_lacks_each_secret_that_it_names_until_it_is_there() throws IOException {
        Pipeline pipeline = pipeline("api_auth.yaml");
        Map<String, String> there = new HashMap<>(Map.of("CLIENT", "a", "KEY", "b", "PASSWORD", "c", "TOKEN", "d"));
        RequiredSecrets secrets = new RequiredSecrets(name -> Optional.ofNullable(there.get(name)));

        assertThat(secrets.lacking(pipeline)).contains("${secret:CLIENT_SECRET}, ${secret:TRACE} are not there, or not in "
                + "QANAT_ALLOWED_ENV; set it in the environment or as a file in QANAT_SECRETS_DIR");
        there.put("CLIENT_SECRET", "e");
        assertThat(secrets.lacking(pipeline)).hasValueSatisfying(why -> assertThat(why).startsWith("${secret:TRACE} is not there"));
        there.put("TRACE", "f");
        assertThat(secrets.lacking(pipeline)).isEmpty();
        there.remove("KEY");
        assertThat(secrets.lacking(pipeline)).isPresent();
    }

    @Test
    void endpoints_have_secrets_too() throws IOException {
        assertThat(new RequiredSecrets(name -> Optional.empty()).lacking(pipeline("api_body.yaml")))
                .hasValueSatisfying(why -> assertThat(why).startsWith("${secret:KEY} is not there"));
    }

    @Test
    void one_that_is_of_no_use_is_told() throws IOException {
        RequiredSecrets secrets = new RequiredSecrets(name -> {
            throw new InputFailure(Code.INVALID_SECRET, "the secret " + name + " is no regular file");
        });
        assertThat(secrets.lacking(pipeline("market_data.yaml"))).contains("the secret ALPHA_VANTAGE_API_KEY is no regular file");
    }

    @Test
    void files_need_none() throws IOException {
        assertThat(new RequiredSecrets(name -> Optional.empty()).lacking(pipeline("smallest.yaml"))).isEmpty();
    }
}
