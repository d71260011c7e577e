package dev.qanat.route;

import dev.qanat.records.Limits;
import dev.qanat.settings.Settings;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;

/** What bounds the memory of the loads of this process. */
@ApplicationScoped
class LoadLimits {

    private final Limits limits;
    private final ChunkRoom room;

    LoadLimits(Settings settings) {
        this.limits = new Limits(
                settings.maxFieldCharacters(),
                settings.maxRecordCharacters(),
                settings.maxFields(),
                settings.maxUnpackedSize().asLongValue(),
                settings.maxUnpackedRatio());
        this.room = new ChunkRoom(1 + settings.workers());
    }

    /** Of a record that comes from outside, whichever way. */
    @Produces
    @Singleton
    Limits limits() {
        return limits;
    }

    /** All loads share it. */
    ChunkRoom room() {
        return room;
    }
}
