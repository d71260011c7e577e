package dev.qanat.route;

import dev.qanat.failure.Failure;
import dev.qanat.validate.CheckedChunk;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;
import java.sql.SQLException;
import org.apache.camel.Body;
import org.apache.camel.ExchangeProperty;
import org.jspecify.annotations.Nullable;

/** The step that copies a checked chunk to the staging tables. Several chunks of one load are copied at once. */
@ApplicationScoped
@Named("staging")
public class ChunkStaging {

    /** @param fetch the partition that the chunk belongs to, where it was fetched */
    public void copy(
            @Body CheckedChunk chunk, @ExchangeProperty("load") Load load, @ExchangeProperty("fetch") @Nullable Fetch fetch) {
        load.checkCancelled();
        try {
            load.opened().staging().copy(chunk);
        } catch (SQLException e) {
            throw Failure.of(e, "copying chunk " + chunk.chunk().number() + " of run " + load.getRun().id());
        }
        if (fetch == null) {
            load.observed(chunk.observed());
        } else {
            fetch.staged(chunk);
        }
        load.checkCountOfErrors();
    }
}
