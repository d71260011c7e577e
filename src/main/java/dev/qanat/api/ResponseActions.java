package dev.qanat.api;

import com.jayway.jsonpath.JsonPath;
import dev.qanat.pipeline.ApiSource.Action;
import dev.qanat.pipeline.ApiSource.ResponseAction;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What a source says of answers; the first that matches decides. Texts and paths are looked for in bodies that are in memory. */
final class ResponseActions {
    private final List<Rule> rules;

    private record Rule(ResponseAction action, Optional<JsonPath> path, Optional<String> contains) {}

    /**
     * What an answer is said to mean.
     *
     * @param reason what in the answer says so
     */
    record Match(Action action, Optional<Duration> pause, String reason) {}

    ResponseActions(List<ResponseAction> actions) {
        rules = actions.stream()
                .map(action -> new Rule(
                        action,
                        action.path().map(path -> Selector.of(path).path()),
                        action.contains().map(text -> text.toLowerCase(Locale.ROOT))))
                .toList();
    }

    Optional<Match> first(int status, Body body) {
        Facts facts = new Facts(status, body);
        for (Rule rule : rules) {
            Optional<String> reason = facts.reason(rule);
            if (reason.isPresent()) {
                return reason.map(found -> new Match(rule.action().action(), rule.action().pause(), found));
            }
        }
        return Optional.empty();
    }

    /** An answer, understood as far as the rules asked. */
    private static final class Facts {
        private final int status;
        private final Body body;
        private @Nullable Optional<Document> document;
        private @Nullable String lower;

        Facts(int status, Body body) {
            this.status = status;
            this.body = body;
        }

        /** Why the rule matches; empty if it does not. */
        Optional<String> reason(Rule rule) {
            Optional<Integer> wanted = rule.action().status();
            if (wanted.isPresent() && wanted.get() != status) {
                return Optional.empty();
            }
            if (rule.path().isPresent()) {
                return found(rule.path().get(), rule.contains());
            }
            if (rule.contains().isPresent()) {
                return body.isWhole() && lower().contains(rule.contains().get()) ? Optional.of(body.text()) : Optional.empty();
            }
            return Optional.of("HTTP " + status);
        }

        private Optional<String> found(JsonPath path, Optional<String> contains) {
            if (document == null) {
                document = body.document();
            }
            Supplier<List<Object>> nothing = List::of;
            return document.map(json -> json.found(path)).orElseGet(nothing).stream()
                    .map(Document::text)
                    .filter(text -> contains.isEmpty() || text.toLowerCase(Locale.ROOT).contains(contains.get()))
                    .findFirst();
        }

        private String lower() {
            if (lower == null) {
                lower = body.text().toLowerCase(Locale.ROOT);
            }
            return lower;
        }
    }
}
