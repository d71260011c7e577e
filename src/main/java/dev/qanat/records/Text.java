package dev.qanat.records;

import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The characters of a source without its byte order mark, where {@link Encoding#INVALID} stands for bytes that are none. It can be
 * looked at ahead, and a line read shortly before can be read again. Closing it leaves the bytes below open.
 */
final class Text extends Reader {
    private static final int BLOCK = 8192;
    private static final char[] NONE = {};

    private static final class Block {
        final char[] chars;
        int length;
        long line;

        Block(char[] chars) {
            this.chars = chars;
        }
    }

    private final Reader decoded;
    private final Encoding encoding;
    private char[] ahead = NONE;
    private int aheadFrom;
    private int aheadTo;
    private boolean ended;
    private long line = 1;
    private boolean afterCr;
    private boolean suspect;
    private @Nullable LongSupplier needed;
    private final Deque<Block> kept = new ArrayDeque<>();

    Text(InputStream bytes, Encoding encoding) throws IOException {
        this.encoding = encoding;
        decoded = encoding.reader(bytes);
        look(1);
        if (aheadFrom < aheadTo && ahead[aheadFrom] == '\uFEFF') {
            aheadFrom++;
        }
    }

    Encoding encoding() {
        return encoding;
    }

    /** Whether anything read so far may be a NUL or {@link Encoding#INVALID}; false lets records go unsearched. */
    boolean suspect() {
        return suspect;
    }

    /** The line, counted from 1, of the next character. */
    long line() {
        return line;
    }

    /** From now on keeps what was read since the beginning of a line, which is asked for before every read. */
    void keepSince(LongSupplier firstLineNeeded) {
        needed = firstLineNeeded;
    }

    /** What comes next, without reading it: as many characters, or fewer at the end. */
    String peek(int count) throws IOException {
        look(count);
        return new String(ahead, aheadFrom, Math.min(count, aheadTo - aheadFrom));
    }

    /** Whether {@link #peek} of as many characters showed all there is. */
    boolean endsWithin(int count) throws IOException {
        look(count + 1);
        return ended && aheadTo - aheadFrom <= count;
    }

    /** Reads as many lines and forgets them; fewer at the end. */
    void skipLines(int count) throws IOException {
        for (int i = 0; i < count; i++) {
            int c;
            do {
                c = next();
            } while (c >= 0 && c != '\r' && c != '\n');
            if (c < 0) {
                return;
            }
            if (c == '\r' && peek(1).equals("\n")) {
                next();
            }
            line++;
        }
    }

    /**
     * The text of a line that is kept, without its end; goes on reading with the line after it.
     *
     * @param number of a line not before the one that was said to be needed
     */
    String readAgain(long number) throws IOException {
        StringBuilder text = new StringBuilder();
        long at = kept.isEmpty() ? line : kept.getFirst().line;
        for (Block block : kept) {
            text.append(block.chars, 0, block.length);
        }
        kept.clear();
        int start = 0;
        while (at < number) {
            start = afterBreak(text, endOfLine(text, start));
            at++;
        }
        int end = endOfLine(text, start);
        String found = text.substring(start, end);
        giveBack(text, afterBreak(text, end));
        line = number + 1;
        afterCr = false;
        return found;
    }

    private int endOfLine(StringBuilder text, int start) throws IOException {
        for (int i = start; ; i++) {
            if (i == text.length() && !extend(text) || text.charAt(i) == '\n' || text.charAt(i) == '\r') {
                return i;
            }
        }
    }

    private int afterBreak(StringBuilder text, int end) throws IOException {
        if (end == text.length()) {
            return end;
        }
        int next = end + 1;
        boolean both = text.charAt(end) == '\r' && (next < text.length() || extend(text)) && text.charAt(next) == '\n';
        return both ? next + 1 : next;
    }

    private boolean extend(StringBuilder text) throws IOException {
        char[] more = new char[BLOCK];
        int count = take(more, 0, BLOCK);
        if (count > 0) {
            text.append(more, 0, count);
        }
        return count > 0;
    }

    private void giveBack(StringBuilder text, int start) {
        int count = text.length() - start;
        if (count > aheadFrom) {
            char[] all = new char[count + aheadTo - aheadFrom];
            System.arraycopy(ahead, aheadFrom, all, count, aheadTo - aheadFrom);
            ahead = all;
            aheadFrom = count;
            aheadTo = all.length;
        }
        // Room before what is ahead was taken by characters read since, so that the usual case moves nothing.
        aheadFrom -= count;
        text.getChars(start, text.length(), ahead, aheadFrom);
    }

    @Override
    public int read(char[] target, int offset, int length) throws IOException {
        int count = take(target, offset, Math.min(length, BLOCK));
        if (count > 0) {
            if (needed != null) {
                keep(target, offset, count, needed.getAsLong());
            }
            pass(target, offset, count);
        }
        return count;
    }

    private void keep(char[] source, int offset, int count, long first) {
        Block last = kept.peekLast();
        if (last != null && last.length + count <= BLOCK) {
            // Reads may be small, where the bytes come so.
            System.arraycopy(source, offset, last.chars, last.length, count);
            last.length += count;
            return;
        }
        Block block = null;
        while (!kept.isEmpty()) {
            Block oldest = kept.removeFirst();
            long nextLine = kept.isEmpty() ? line : kept.getFirst().line;
            if (nextLine >= first) {
                kept.addFirst(oldest);
                break;
            }
            block = oldest;
        }
        if (block == null) {
            block = new Block(new char[BLOCK]);
        }
        System.arraycopy(source, offset, block.chars, 0, count);
        block.length = count;
        block.line = line;
        kept.addLast(block);
    }

    private void pass(char[] source, int offset, int count) {
        boolean cr = afterCr;
        for (int i = offset; i < offset + count; i++) {
            char c = source[i];
            if (c <= '\r') {
                if (c == '\r' || c == '\n' && !cr) {
                    line++;
                } else if (c == 0) {
                    suspect = true;
                }
                cr = c == '\r';
            } else {
                cr = false;
                if (c == Encoding.INVALID) {
                    suspect = true;
                }
            }
        }
        afterCr = cr;
    }

    private int next() throws IOException {
        if (aheadFrom == aheadTo) {
            look(BLOCK);
        }
        return aheadFrom < aheadTo ? ahead[aheadFrom++] : -1;
    }

    private int take(char[] target, int offset, int length) throws IOException {
        if (aheadFrom == aheadTo) {
            return ended ? -1 : decoded.read(target, offset, length);
        }
        int count = Math.min(length, aheadTo - aheadFrom);
        System.arraycopy(ahead, aheadFrom, target, offset, count);
        aheadFrom += count;
        if (aheadFrom == aheadTo && ahead.length > BLOCK) {
            ahead = NONE;
            aheadFrom = 0;
            aheadTo = 0;
        }
        return count;
    }

    private void look(int count) throws IOException {
        if (aheadTo - aheadFrom >= count) {
            return;
        }
        if (ahead.length - aheadFrom < count) {
            char[] larger = new char[count];
            System.arraycopy(ahead, aheadFrom, larger, 0, aheadTo - aheadFrom);
            ahead = larger;
            aheadTo -= aheadFrom;
            aheadFrom = 0;
        }
        while (!ended && aheadTo - aheadFrom < count) {
            int read = decoded.read(ahead, aheadTo, ahead.length - aheadTo);
            if (read < 0) {
                ended = true;
            } else {
                aheadTo += read;
            }
        }
    }

    @Override
    public void close() {
        // whoever opened the bytes closes them
    }
}
