package dev.qanat.web;

import jakarta.inject.Singleton;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Downloads that are being sent: {@value #MOST} at once at most, since each keeps a part of what it sends in memory until its client has
 * read that. Safe for use by several threads.
 */
@Singleton
public final class Downloads {

    private static final int MOST = 32;

    private final List<Object> users = new ArrayList<>();

    /**
     * Takes a place for a download, until all is sent or the client is gone.
     *
     * @param user whose request it is, as a route has it; a request that came otherwise than over HTTP needs no place
     * @return false when there is none
     */
    public synchronized boolean begin(@Nullable Object user) {
        if (user == null) {
            return true;
        }
        users.removeIf(each -> !Callers.awaitsAnswer(each));
        return users.size() < MOST && users.add(user);
    }
}
