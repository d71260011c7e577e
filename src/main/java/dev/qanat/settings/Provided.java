package dev.qanat.settings;

import dev.qanat.access.KeyTerms;
import dev.qanat.access.Policy;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** The facts of the settings that other packages have injected. */
final class Provided {

    @Produces
    @Singleton
    Home home(Settings settings) {
        return new Home(settings.home());
    }

    @Produces
    @Singleton
    AllowedEnvironment environment(
            Settings settings,
            @ConfigProperty(name = "quarkus.http.host") String host,
            @ConfigProperty(name = "quarkus.http.port") int port) {
        Map<String, String> environment = new HashMap<>(System.getenv());
        if (settings.demo()) {
            String here = "http://" + (host.equals("0.0.0.0") ? "127.0.0.1" : host) + ":" + port + "/demo/api/";
            environment.put("ALPHA_VANTAGE_URL", here + "alpha-vantage");
            environment.put("FAKESTORE_URL", here + "fakestore");
            environment.put("FRANKFURTER_URL", here + "frankfurter/v2");
        }
        return new AllowedEnvironment(settings.allowedEnv().orElse(List.of()), environment);
    }

    @Produces
    @Singleton
    Secrets secrets(Settings settings) {
        Map<String, String> environment = new HashMap<>(System.getenv());
        if (settings.demo()) {
            environment.putIfAbsent("ALPHA_VANTAGE_API_KEY", "demonstration");
        }
        return new Secrets(settings.allowedEnv().orElse(List.of()), settings.secretsDir(), environment);
    }

    @Produces
    @Singleton
    Policy policy(Settings settings) {
        List<String> opened = new ArrayList<>(settings.access().orElse(List.of()));
        if (settings.demo()) {
            opened.add("GET /demo/api/**=public");
        }
        return new Policy(opened);
    }

    @Produces
    @Singleton
    KeyTerms keyTerms(Settings settings) {
        return new KeyTerms(settings.apiKey(), settings.viewerKey(), settings.keySecret(), settings.requireApiKey());
    }
}
