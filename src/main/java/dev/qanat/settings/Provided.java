package dev.qanat.settings;

import dev.qanat.access.KeyTerms;
import dev.qanat.access.Policy;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.util.List;

/** The facts of the settings that other packages have injected. */
final class Provided {

    @Produces
    @Singleton
    Home home(Settings settings) {
        return new Home(settings.home());
    }

    @Produces
    @Singleton
    AllowedEnvironment environment(Settings settings) {
        return new AllowedEnvironment(settings.allowedEnv().orElse(List.of()), System.getenv());
    }

    @Produces
    @Singleton
    Policy policy(Settings settings) {
        return new Policy(settings.access().orElse(List.of()));
    }

    @Produces
    @Singleton
    KeyTerms keyTerms(Settings settings) {
        return new KeyTerms(settings.apiKey(), settings.keySecret(), settings.requireApiKey());
    }
}
