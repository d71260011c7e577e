package dev.qanat.settings;

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
}
