package dev.qanat.route;

import dev.qanat.records.Chunk;
import dev.qanat.validate.CheckedChunk;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;
import org.apache.camel.Body;
import org.apache.camel.Exchange;
import org.apache.camel.ExchangeProperty;
import org.apache.camel.support.SynchronizationAdapter;

/** The step that holds a chunk against the contract. Several chunks of one load are checked at once. */
@ApplicationScoped
@Named("contract")
public class ChunkCheck {

    public CheckedChunk check(@Body Chunk chunk, @ExchangeProperty("load") Load load, Exchange exchange) {
        exchange.getExchangeExtension().addOnCompletion(new SynchronizationAdapter() {
            @Override
            public void onDone(Exchange done) {
                load.chunkEnds(chunk, done.getException());
            }
        });
        load.checkCancelled();
        Load.Opened opened = load.opened();
        if (chunk.header()) {
            opened.contract().checkHeader(chunk.fields());
        }
        CheckedChunk checked = opened.contract().check(chunk);
        load.checked(chunk.records().size(), checked.rejections().size());
        return checked;
    }
}
