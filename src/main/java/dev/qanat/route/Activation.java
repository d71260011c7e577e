package dev.qanat.route;

import jakarta.enterprise.context.ApplicationScoped;

/** Makes what follows from the pipelines in force: the routes that watch their folders and poll their APIs, and their schedules. */
@ApplicationScoped
class Activation {

    private final Inboxes inboxes;
    private final PollRoutes polls;
    private final Ticks ticks;

    Activation(Inboxes inboxes, PollRoutes polls, Ticks ticks) {
        this.inboxes = inboxes;
        this.polls = polls;
        this.ticks = ticks;
    }

    /** Whoever asks for a version to be in force gets an answer when what follows from it is there. */
    void refresh() throws Exception {
        inboxes.refresh();
        polls.refresh();
        ticks.follow();
    }
}
