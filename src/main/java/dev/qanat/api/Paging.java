package dev.qanat.api;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import dev.qanat.pipeline.Paginator;
import dev.qanat.records.Selection.Noted;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * Which page comes next. It goes on from a position, a text that means something to the same paginator only. Its memory is bounded by
 * {@value #MOST_PAGES} pages: of each that is named by the answer before it keeps eight bytes.
 */
abstract class Paging {
    /** A partition of more pages is taken for one without end. */
    static final int MOST_PAGES = 100_000;

    private boolean ended;
    private int pages;

    /**
     * What to ask for.
     *
     * @param params of the query
     * @param cursor the name and value of a cursor, which belongs into the body of a POST
     * @param link to be asked instead of the endpoint
     */
    record Page(Map<String, String> params, Optional<Map.Entry<String, Noted>> cursor, Optional<URI> link) {
        static final Page PLAIN = new Page(Map.of(), Optional.empty(), Optional.empty());
    }

    /**
     * What is known of a page that was read to its end.
     *
     * @param uri that answered
     * @param records their number, rejected ones included
     * @param noted what the answer has at the paginator's path
     */
    record Seen(URI uri, long records, Optional<Noted> noted, ApiAnswer answer) {}

    /** @param whole whether all items of a page are its records, and not only those that a selector finds in them */
    static Paging of(Paginator paginator, boolean whole) {
        if (paginator instanceof Paginator.PageNumber pageNumber) {
            return new Numbers(pageNumber);
        }
        if (paginator instanceof Paginator.Offset offset) {
            return new Offsets(offset, whole);
        }
        if (paginator instanceof Paginator.Cursor cursor) {
            return new Cursors(cursor);
        }
        if (paginator instanceof Paginator.HeaderLink || paginator instanceof Paginator.JsonLink) {
            return new Links(paginator);
        }
        return new Single();
    }

    /** The path of a paginator to what it has to know of each answer. */
    static Optional<String> path(Paginator paginator) {
        if (paginator instanceof Paginator.PageNumber pageNumber) {
            return pageNumber.totalPath();
        }
        if (paginator instanceof Paginator.Offset offset) {
            return offset.totalPath();
        }
        if (paginator instanceof Paginator.Cursor cursor) {
            return Optional.of(cursor.cursorPath());
        }
        return paginator instanceof Paginator.JsonLink link ? Optional.of(link.nextUrlPath()) : Optional.empty();
    }

    abstract Page page();

    /** Goes on to the page after this one; false where there is none. */
    abstract boolean advance(Seen seen);

    /** Where it stands. */
    abstract Position position();

    abstract void resume(Position position);

    /** Whether pages are counted here, and not named by the answer before: a server may not know of them. */
    boolean counts() {
        return false;
    }

    /** Whether the answers so far say that there is nothing on this page. */
    boolean isBeyondTotal() {
        return false;
    }

    /**
     * Where a paginator stands.
     *
     * @param at the page that is next
     * @param most the most records that a page had
     * @param beyond whether that page is beyond the total
     */
    record Position(Noted at, long most, boolean beyond) {
        static Position of(long at, long most, boolean beyond) {
            return new Position(new Noted(Long.toString(at), false), most, beyond);
        }

        static Position of(Noted at) {
            return new Position(at, 0, false);
        }
    }

    final boolean hasNext() {
        return !ended;
    }

    final int pages() {
        return pages;
    }

    final void end() {
        ended = true;
    }

    final void resume(Position position, int pagesBefore) {
        pages = pagesBefore;
        resume(position);
    }

    /** @throws InputFailure when it would go on for ever */
    final void read(Seen seen) {
        pages++;
        ended = !advance(seen);
        if (!ended && pages >= MOST_PAGES) {
            throw new InputFailure(
                    Code.TOO_MANY_PAGES,
                    "%,d pages, and another one is to follow; does the API know the paginator's parameter?".formatted(pages));
        }
    }

    private static OptionalLong total(Seen seen) {
        try {
            return seen.noted().isPresent()
                    ? OptionalLong.of(Long.parseLong(seen.noted().get().text().strip()))
                    : OptionalLong.empty();
        } catch (NumberFormatException e) {
            return OptionalLong.empty();
        }
    }

    private static final class Single extends Paging {
        @Override
        Page page() {
            return Page.PLAIN;
        }

        @Override
        boolean advance(Seen seen) {
            return false;
        }

        @Override
        Position position() {
            return Position.of(0, 0, false);
        }

        @Override
        void resume(Position position) {
            // there is one position only
        }
    }

    /** Pages that are counted here; a total that the answers tell may lie. */
    private abstract static class Counted extends Paging {
        long at;
        long most;
        boolean beyond;

        Counted(long first) {
            at = first;
        }

        @Override
        final boolean counts() {
            return true;
        }

        @Override
        final boolean isBeyondTotal() {
            return beyond;
        }

        @Override
        final Position position() {
            return Position.of(at, most, beyond);
        }

        @Override
        final void resume(Position position) {
            at = Long.parseLong(position.at().text());
            most = position.most();
            beyond = position.beyond();
        }
    }

    /** Ends at an empty page. A total ends it after a page that has fewer records than others: totals have been seen to lie. */
    private static final class Numbers extends Counted {
        private final Paginator.PageNumber paginator;

        Numbers(Paginator.PageNumber paginator) {
            super(paginator.basePage());
            this.paginator = paginator;
        }

        @Override
        Page page() {
            return new Page(Map.of(paginator.pageParam(), Long.toString(at)), Optional.empty(), Optional.empty());
        }

        @Override
        boolean advance(Seen seen) {
            OptionalLong total = total(seen);
            at++;
            beyond = total.isPresent() && at - paginator.basePage() >= total.getAsLong();
            boolean fewer = seen.records() < most;
            most = Math.max(most, seen.records());
            boolean last = paginator.maximumPage().isPresent() && at > paginator.maximumPage().getAsInt();
            return seen.records() > 0 && !last && !(beyond && fewer);
        }
    }

    /**
     * Ends at a page with fewer records than were asked for, once one has had as many: a server may give fewer at a time than it is asked
     * for. Until then, and where a total says that there are more, it ends at an empty page. Where a selector takes only some of a page's
     * items, nobody knows how many it had: the total is the end, or a page without any.
     */
    private static final class Offsets extends Counted {
        private final Paginator.Offset paginator;
        private final boolean whole;

        Offsets(Paginator.Offset paginator, boolean whole) {
            super(paginator.offset());
            this.paginator = paginator;
            this.whole = whole;
        }

        @Override
        Page page() {
            Map<String, String> params = new LinkedHashMap<>();
            params.put(paginator.limitParam(), Integer.toString(paginator.limit()));
            params.put(paginator.offsetParam(), Long.toString(at));
            return new Page(params, Optional.empty(), Optional.empty());
        }

        @Override
        boolean advance(Seen seen) {
            OptionalLong total = total(seen);
            at += whole ? seen.records() : paginator.limit();
            beyond = total.isPresent() && at >= total.getAsLong();
            most = Math.max(most, seen.records());
            boolean last = paginator.maximumOffset().isPresent() && at > paginator.maximumOffset().getAsInt();
            if (last) {
                return false;
            }
            if (!whole) {
                return total.isPresent() ? !beyond : seen.records() > 0;
            }
            boolean full = seen.records() >= paginator.limit();
            boolean capped = total.isEmpty() && most < paginator.limit();
            return seen.records() > 0 && (full || capped || total.isPresent() && !beyond);
        }
    }

    /** What was asked for before. */
    private static final class Asked {
        private final Set<Long> asked = new HashSet<>();

        void add(String what) {
            if (!asked.add(ByteBuffer.wrap(hash(what.getBytes(StandardCharsets.UTF_8))).getLong())) {
                throw new InputFailure(Code.PAGE_LOOP, "the answer names a next page that was asked for before");
            }
        }
    }

    /** By which bytes are known without being kept. */
    static byte[] hash(byte[] bytes) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(bytes);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    private static final class Cursors extends Paging {
        private final Paginator.Cursor paginator;
        private final Asked asked = new Asked();
        private Optional<Noted> cursor = Optional.empty();

        Cursors(Paginator.Cursor paginator) {
            this.paginator = paginator;
        }

        @Override
        Page page() {
            return new Page(Map.of(), cursor.map(value -> Map.entry(paginator.cursorParam(), value)), Optional.empty());
        }

        @Override
        boolean advance(Seen seen) {
            cursor = seen.noted().filter(Paging::names);
            cursor.ifPresent(value -> asked.add(value.text()));
            return cursor.isPresent();
        }

        @Override
        Position position() {
            return Position.of(cursor.orElse(new Noted("", true)));
        }

        @Override
        void resume(Position position) {
            cursor = Optional.of(position.at()).filter(Paging::names);
            cursor.ifPresent(value -> asked.add(value.text()));
        }
    }

    /** Whether a value names a page: empty texts and false are ways to say that there is none. */
    private static boolean names(Noted value) {
        return !value.text().isBlank() && (value.string() || !value.text().equals("false"));
    }

    private static final class Links extends Paging {
        private final Paginator paginator;
        private final Asked asked = new Asked();
        private Optional<URI> link = Optional.empty();

        Links(Paginator paginator) {
            this.paginator = paginator;
        }

        @Override
        Page page() {
            return new Page(Map.of(), Optional.empty(), link);
        }

        @Override
        boolean advance(Seen seen) {
            if (link.isEmpty()) {
                asked.add(seen.uri().toString());
            }
            Optional<String> target = paginator instanceof Paginator.HeaderLink header
                    ? LinkHeader.target(seen.answer().all("Link"), header.rel())
                    : seen.noted().filter(Paging::names).map(Noted::text);
            link = target.map(written -> Urls.resolve(seen.uri(), written));
            link.ifPresent(uri -> asked.add(uri.toString()));
            return link.isPresent();
        }

        @Override
        Position position() {
            return Position.of(new Noted(link.map(URI::toString).orElse(""), true));
        }

        @Override
        void resume(Position position) {
            link = Optional.of(position.at()).filter(Paging::names).map(at -> URI.create(at.text()));
            link.ifPresent(uri -> asked.add(uri.toString()));
        }
    }
}
