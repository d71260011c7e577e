package dev.qanat.api;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import dev.qanat.pipeline.Endpoint;
import dev.qanat.pipeline.FileRules;
import dev.qanat.pipeline.FileRules.Format;
import dev.qanat.pipeline.Resource;
import dev.qanat.records.Chunk;
import dev.qanat.records.Chunks;
import dev.qanat.records.Declared;
import dev.qanat.records.Readers;
import dev.qanat.records.SelectedRecords;
import dev.qanat.records.Selection;
import dev.qanat.records.Selection.Noted;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/** Opens the body of a page as records: JSON where its selector points to, rows and lines as those of files. */
final class PageReader {
    private final FileRules rules;
    private final Endpoint endpoint;
    private final Declared declared;
    private final Surroundings around;
    private final Selector selector;
    private final Optional<Selector> paginator;

    /**
     * A page, whose chunks are read as they are asked for.
     *
     * @param missingAtEnd what stands where records should be, known when they have been read; empty if records, or none, may stand there
     * @param notedAtEnd what it has at the paginator's path, known when they have been read
     */
    record Page(
            Chunks chunks, Format format, Supplier<Optional<String>> missingAtEnd, Supplier<Optional<Noted>> notedAtEnd) {

        /** A page that is there and has nothing in it. */
        static final Page EMPTY =
                new Page(new Taken(Collections.emptyIterator(), "empty"), Format.JSON, Optional::empty, Optional::empty);

        Optional<String> missing() {
            return missingAtEnd.get();
        }

        Optional<Noted> noted() {
            return notedAtEnd.get();
        }
    }

    /** Chunks that are in memory. */
    private record Taken(Iterator<Chunk> chunks, String description) implements Chunks {
        @Override
        public boolean hasNext() {
            return chunks.hasNext();
        }

        @Override
        public Chunk next() {
            return chunks.next();
        }
    }

    PageReader(Resource resource, Endpoint endpoint, Declared declared, Map<String, String> given, Surroundings around) {
        rules = resource.files();
        this.endpoint = endpoint;
        this.declared = declared.giving(given);
        this.around = around;
        selector = Selector.of(endpoint.dataSelector());
        paginator = Paging.path(endpoint.paginator()).map(Selector::of);
    }

    /** The partition's values, those that are personal treated. */
    Map<String, String> given() {
        return declared.given();
    }

    /** All chunks, now. */
    Chunks taken(Chunks chunks) {
        List<Chunk> all = new ArrayList<>();
        chunks.forEachRemaining(all::add);
        return new Taken(all.iterator(), chunks.description());
    }

    /** @throws InputFailure if there can be no records in it, or it cannot be read from its very beginning */
    Page open(Body body) throws IOException {
        Format format = body.format(endpoint.format());
        body.refuseWithoutRecords(format, endpoint.format().isPresent());
        if (format != Format.JSON) {
            FileRules own = new FileRules(
                    Optional.empty(),
                    Optional.of(format),
                    rules.delimiter(),
                    Optional.of(body.charset()),
                    rules.header(),
                    rules.skipLines(),
                    rules.nullIf());
            return new Page(
                    Readers.open(body.stream(), own, declared, around.limits()), format, Optional::empty, Optional::empty);
        }
        return selector.streams() && paginator.map(Selector::streams).orElse(true) ? streaming(body) : inMemory(body);
    }

    private Page streaming(Body body) throws IOException {
        Optional<List<String>> path = paginator.flatMap(Selector::steps);
        Selection selection = new Selection(
                selector.steps().orElseThrow(),
                selector.members(),
                endpoint.recordShape(),
                path.map(Set::of).orElse(Set.of()));
        SelectedRecords records = Readers.select(body.stream(), body.charset(), selection, declared, around.limits());
        return new Page(records, Format.JSON, records::missing, () -> path.flatMap(records::noted));
    }

    private Page inMemory(Body body) throws IOException {
        Selector needy = selector.streams() ? paginator.orElse(selector) : selector;
        Document document = body.document(needy.written());
        Optional<Noted> noted = paginator
                .flatMap(path -> document.single(path.path()))
                .map(value -> new Noted(Document.text(value), value instanceof String));
        List<Object> found = document.found(selector.path());
        if (found.isEmpty()) {
            throw new InputFailure(
                    Code.NOTHING_SELECTED,
                    "data_selector %s finds nothing where records should be".formatted(selector.written()));
        }
        StringWriter json = new StringWriter();
        Document.write(selected(found), json);
        InputStream bytes = new ByteArrayInputStream(json.toString().getBytes(StandardCharsets.UTF_8));
        Selection all = new Selection(List.of(), false, endpoint.recordShape(), Set.of());
        SelectedRecords records = Readers.select(bytes, StandardCharsets.UTF_8, all, declared, around.limits());
        return new Page(records, Format.JSON, records::missing, () -> noted);
    }

    /** One thing that was found stands for itself; of several arrays the items are meant, of other things each. */
    private Object selected(List<Object> found) {
        if (selector.path().isDefinite() || endpoint.recordShape().isPresent() && found.size() == 1) {
            return found.get(0);
        }
        if (found.stream().allMatch(List.class::isInstance)) {
            return found.stream().flatMap(array -> ((List<?>) array).stream()).toList();
        }
        return found;
    }
}
