package dev.qanat.route;

import dev.qanat.settings.Settings;
import jakarta.enterprise.context.ApplicationScoped;

/** Who sends a request, as far as it is known. */
@ApplicationScoped
class Caller {

    private final String name;

    Caller(Settings settings) {
        // There is one key, and without it whoever works on this machine.
        this.name = settings.apiKey().isPresent() ? "api_key" : "local";
    }

    String name() {
        return name;
    }
}
