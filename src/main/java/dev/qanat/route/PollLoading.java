package dev.qanat.route;

import dev.qanat.api.PartitionPages;
import dev.qanat.api.Range;
import dev.qanat.api.Surroundings;
import dev.qanat.api.Tokens;
import dev.qanat.api.Validators.Validator;
import dev.qanat.failure.Code;
import dev.qanat.failure.Failure;
import dev.qanat.failure.InputFailure;
import dev.qanat.failure.TransientFailure;
import dev.qanat.ledger.PersonalKey;
import dev.qanat.ledger.Polls;
import dev.qanat.ledger.Run;
import dev.qanat.ledger.RunQueue;
import dev.qanat.ledger.Runs;
import dev.qanat.load.Staging;
import dev.qanat.load.Target;
import dev.qanat.pipeline.ApiSource;
import dev.qanat.pipeline.Incremental;
import dev.qanat.pipeline.Pipelines;
import dev.qanat.pipeline.Polling;
import dev.qanat.pipeline.Resource;
import dev.qanat.pipeline.Resource.Dedup;
import dev.qanat.pipeline.Resource.WriteDisposition;
import dev.qanat.records.Declared;
import dev.qanat.settings.Secrets;
import dev.qanat.validate.CursorField;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;
import java.sql.SQLException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.apache.camel.Exchange;
import org.apache.camel.ExchangeProperty;
import org.jboss.logging.Logger;

/**
 * The steps of {@code poll} around its resources: what is to be fetched, what became of it, and the end of the run. Safe for use by several
 * threads, each with a run of its own.
 */
@ApplicationScoped
@Named("poll")
public class PollLoading {

    private static final Logger LOG = Logger.getLogger(PollLoading.class);

    /** Of partitions, in the message of a run. */
    private static final int MOST_REASONS = 20;

    private final DataSource dataSource;
    private final ActivePipelines pipelines;
    private final Runs runs;
    private final RunQueue queue;
    private final Polls polls;
    private final Secrets secrets;
    private final LoadLimits limits;
    private final PersonalKey personalKey;
    private final Tokens tokens = new Tokens();

    PollLoading(
            DataSource dataSource,
            ActivePipelines pipelines,
            Runs runs,
            RunQueue queue,
            Polls polls,
            Secrets secrets,
            LoadLimits limits,
            PersonalKey personalKey) {
        this.dataSource = dataSource;
        this.pipelines = pipelines;
        this.runs = runs;
        this.queue = queue;
        this.polls = polls;
        this.secrets = secrets;
        this.limits = limits;
        this.personalKey = personalKey;
    }

    /** Finds out what is left to be fetched, and makes the staging tables. */
    public void open(@ExchangeProperty("load") Load load) throws SQLException {
        Run run = load.getRun();
        List<Polls.Partition> before = polls.partitions(run.id());
        boolean begun = before.stream().anyMatch(partition -> partition.token().isPresent());
        Pipelines.Active active = begun ? pipelines.asBegun(run) : pipelines.of(run);
        runs.began(run.id(), active.version(), null);
        Map<String, Map<String, Polls.Partition>> known = before.stream()
                .collect(Collectors.groupingBy(
                        Polls.Partition::resource, Collectors.toMap(Polls.Partition::partition, Function.identity())));
        List<Load> parts = new ArrayList<>();
        for (String name : run.poll().orElseThrow().resources()) {
            Resource resource = active.pipeline()
                    .resource(name)
                    .filter(found -> found.polling().isPresent())
                    .orElseThrow(() -> new InputFailure(
                            Code.NO_RESOURCE, "pipeline " + active.name() + " has no resource '" + name + "' of an API any more"));
            ApiSource source = active.pipeline().findApi(resource.source()).orElseThrow();
            Staging staging =
                    new Staging(dataSource, run.id(), parts.size() + 1, resource.keepBronze() || resource.isCleaned());
            staging.create();
            Target target = new Target(active.name(), resource);
            Load part = load.part(new Load.Opened(
                    null, 0, null, resource, null, target.contract(dataSource), staging, target, limits.room()));
            part.toFetch(new Fetches(fetches(part, active.version(), source, resource, known.getOrDefault(name, Map.of()))));
            parts.add(part);
        }
        load.divide(parts);
        try (LogContext context = LogContext.of(load)) {
            LOG.infof("Fetching %s", run.poll().get().resources());
        }
    }

    private List<Fetch> fetches(
            Load load, int version, ApiSource source, Resource resource, Map<String, Polls.Partition> known) {
        Polling polling = resource.polling().orElseThrow();
        List<Fetch> fetches = new ArrayList<>();
        for (int i = 0; i < polling.partitions().size(); i++) {
            Map<String, String> partition = polling.partitions().get(i);
            String key = Fetches.key(partition);
            Polls.Partition before = known.get(key);
            if (before == null || before.status() != Polls.Status.LANDED) {
                Optional<String> token = Optional.ofNullable(before).flatMap(Polls.Partition::token);
                fetches.add(fetch(
                        load, i, version, source, resource, partition, key, token.or(() -> leftOff(load.getRun(), version, resource, key))));
            }
        }
        return fetches;
    }

    /** Where an earlier run gave up a partition some of which had landed, if the same rows must not land twice. */
    private Optional<String> leftOff(Run run, int version, Resource resource, String key) {
        boolean repeats = resource.writeDisposition() == WriteDisposition.APPEND && resource.dedup() == Dedup.NONE;
        return repeats && !run.fullRefresh() && !run.poll().orElseThrow().isBackfill()
                ? polls.leftOff(run, version, resource.name(), key)
                : Optional.empty();
    }

    private Fetch fetch(
            Load load,
            int index,
            int version,
            ApiSource source,
            Resource resource,
            Map<String, String> partition,
            String key,
            Optional<String> token) {
        Run run = load.getRun();
        Optional<Fetch.Token> from = token.map(Fetch.Token::of);
        Fetch.Span span = span(run, resource, key);
        Fetch fetch = new Fetch(load, index, key, source, span, from);
        Surroundings surroundings = new Surroundings(
                this::secret,
                tokens,
                request -> run.fullRefresh()
                        ? Optional.empty()
                        : polls.validator(run.pipeline(), version, resource.name(), request)
                                .map(stored -> new Validator(stored.etag(), stored.lastModified())),
                Declared.of(resource, personalKey::get),
                limits.limits(),
                fetch::nextChunk,
                Clock.systemUTC());
        Range range = new Range(span.start(), span.end(), span.last());
        fetch.begin(PartitionPages.begin(source, resource, partition, range, from.map(Fetch.Token::pages), surroundings));
        return fetch;
    }

    private String secret(String name) {
        return secrets.find(name)
                .orElseThrow(() -> new InputFailure(Code.UNSET_VARIABLE, "secret " + name + " is not there, or not allowed"));
    }

    /** From where to where a partition is loaded: as a backfill says, or from its cursor on. */
    private Fetch.Span span(Run run, Resource resource, String key) {
        Polling polling = resource.polling().orElseThrow();
        Optional<Incremental> incremental = polling.incremental();
        if (incremental.isEmpty()) {
            return Fetch.Span.WHOLE;
        }
        CursorField field = CursorField.of(resource, incremental.get());
        Run.Poll poll = run.poll().orElseThrow();
        if (poll.isBackfill()) {
            Optional<String> from = poll.from().map(field::value);
            return new Fetch.Span(field, from, poll.to().map(field::value), from, Optional.empty(), true);
        }
        Optional<String> stored =
                run.fullRefresh() ? Optional.empty() : polls.cursor(run.pipeline(), resource.name(), key);
        Optional<String> last = stored.or(() -> incremental.get().initialValue().map(field::value));
        Optional<String> start = stored.isPresent() && incremental.get().lag().isPresent()
                ? Optional.of(field.before(stored.get(), incremental.get().lag().get()))
                : last;
        return new Fetch.Span(field, start, Optional.empty(), last, stored, polling.endpoint().asksFromStart());
    }

    /**
     * Whether the resource has anything to land; a resource that failed has not. A table that is replaced is so whole: its resource is
     * fetched from the start again where some of it has to wait.
     */
    public boolean lands(@ExchangeProperty("load") Load load) {
        Fetches fetches = load.getFetches();
        boolean replaces = load.opened().resource().writeDisposition() == WriteDisposition.REPLACE;
        boolean failed = fetches.getPartitions().stream().anyMatch(fetch -> fetch.failure().isPresent());
        if (failed && replaces) {
            throw new InputFailure(
                    Code.PARTITION_FAILED,
                    "table " + load.getTableName() + " is replaced whole, and not all that belongs to it could be fetched: "
                            + failed(fetches.getPartitions()));
        }
        boolean later = replaces && fetches.getPartitions().stream().anyMatch(Fetch::isDeferred);
        return !later && !fetches.landing().isEmpty();
    }

    /** A resource could not be loaded; the others go on, unless the database or the run is the reason. */
    public void resourceFailed(
            @ExchangeProperty("load") Load load, @ExchangeProperty(Exchange.EXCEPTION_CAUGHT) Throwable thrown) throws Exception {
        load.checkCancelled();
        Failure failure = Failures.of(thrown, load.getRun());
        if (failure instanceof TransientFailure && failure.code() != Code.DATABASE_CONFLICT) {
            throw failure;
        }
        load.fail(failure);
        runs.keepRejections(
                load.getRun().id(),
                load.opened().staging().keepRejections(RunEnding.KEPT_REJECTIONS),
                load.getResourceName(),
                load.getSourceName());
        try (LogContext context = LogContext.of(load)) {
            LOG.errorf("Resource %s failed (%s): %s", load.getResourceName(), failure.code().id(), LogContext.line(failure.getMessage()));
        }
    }

    /** After all resources: the run has landed, is deferred, or has failed. */
    public void settle(@ExchangeProperty("load") Load load) throws SQLException {
        Run run = load.getRun();
        load.checkCancelled();
        List<Fetch> all = load.getParts().stream().flatMap(part -> part.getFetches().getPartitions().stream()).toList();
        Optional<Fetch.Deferral> deferral = all.stream()
                .map(Fetch::deferral)
                .flatMap(Optional::stream)
                .min(Comparator.comparing(Fetch.Deferral::until));
        List<String> failures = failures(load.getParts());
        List<Polls.Partition> dealtWith = polls.partitions(run.id());
        boolean landed = load.getParts().stream().anyMatch(part -> part.failure() == null && !part.getFetches().landing().isEmpty())
                || dealtWith.stream().anyMatch(partition -> partition.status() == Polls.Status.LANDED)
                || runs.resources(List.of(run.id()), 0).values().stream().flatMap(List::stream).anyMatch(part -> part.counts().read() > 0);
        if (deferral.isPresent()) {
            load.defer(deferral.get());
        } else if (!landed && !failures.isEmpty()) {
            throw firstFailure(load.getParts());
        } else {
            Optional<InputFailure> missed = missed(failures, shortcomings(dealtWith));
            missed.ifPresent(load::landedInPart);
            Optional<Run.RunError> told = missed.map(why -> new Run.RunError(why.code().id(), why.getMessage()));
            if (!polls.complete(run.id(), load.getBytesRead(), told)) {
                throw new TransientFailure(Code.LEASE_LOST, "run " + run.id() + " was taken over, or is to be cancelled");
            }
            load.markLanded();
        }
    }

    /** What the run fails with: what time may heal has been tried often enough. */
    private static InputFailure firstFailure(List<Load> parts) {
        Failure first = parts.stream()
                .flatMap(part -> part.failure() != null
                        ? Stream.of(part.failure())
                        : part.getFetches().getPartitions().stream().map(Fetch::failure).flatMap(Optional::stream))
                .filter(Objects::nonNull)
                .findFirst()
                .orElseThrow();
        return first instanceof InputFailure input ? input : new InputFailure(first.code(), first.getMessage(), first);
    }

    private static List<String> failures(List<Load> parts) {
        List<String> failures = new ArrayList<>();
        for (Load part : parts) {
            Failure whole = part.failure();
            if (whole != null) {
                failures.add(part.getResourceName() + ": " + whole.getMessage());
            } else if (part.getFetches().getPartitions().stream().anyMatch(fetch -> fetch.failure().isPresent())) {
                failures.add(part.getResourceName() + ": " + failed(part.getFetches().getPartitions()));
            }
        }
        return failures;
    }

    /** The partitions that failed, each with its reason. */
    private static String failed(List<Fetch> partitions) {
        return firstOf(partitions.stream()
                .filter(fetch -> fetch.failure().isPresent())
                .map(fetch -> fetch.key() + " " + fetch.failure().get().getMessage())
                .toList());
    }

    /** The partitions that landed and lack something, also those of an earlier part of the run. */
    private static List<Polls.Partition> shortcomings(List<Polls.Partition> dealtWith) {
        return dealtWith.stream()
                .filter(partition -> partition.status() == Polls.Status.LANDED && partition.error().isPresent())
                .toList();
    }

    private static Optional<InputFailure> missed(List<String> failures, List<Polls.Partition> shortcomings) {
        if (failures.isEmpty() && shortcomings.isEmpty()) {
            return Optional.empty();
        }
        List<String> reasons = shortcomings.stream()
                .map(partition -> partition.resource() + ": " + partition.partition() + " " + partition.error().get().message())
                .toList();
        String all = Stream.concat(failures.stream(), reasons.isEmpty() ? Stream.of() : Stream.of(firstOf(reasons)))
                .collect(Collectors.joining("; "));
        boolean gaps = failures.isEmpty()
                && shortcomings.stream().allMatch(partition -> partition.error().get().code().equals(Code.CURSOR_GAP.id()));
        return Optional.of(new InputFailure(gaps ? Code.CURSOR_GAP : Code.PARTITION_FAILED, all));
    }

    /** The run tells each of them; a message that names thousands nobody reads. */
    private static String firstOf(List<String> reasons) {
        String first = String.join(", ", reasons.subList(0, Math.min(MOST_REASONS, reasons.size())));
        return reasons.size() > MOST_REASONS ? first + " and " + (reasons.size() - MOST_REASONS) + " more" : first;
    }

    /** Puts a run back that goes on later. */
    public void defer(@ExchangeProperty("load") Load load) {
        Fetch.Deferral deferral = load.deferral();
        if (!queue.defer(load.getRun().id(), deferral.until(), deferral.code(), deferral.reason())) {
            throw new TransientFailure(Code.LEASE_LOST, "run " + load.getRun().id() + " was taken over, or is to be cancelled");
        }
        try (LogContext context = LogContext.of(load)) {
            LOG.infof("Deferred until %s: %s", deferral.until(), LogContext.line(deferral.reason()));
        }
    }

    /** Queues the deferred runs whose time has come. */
    public void wake() {
        List<Long> woken = queue.wakeDeferred();
        if (!woken.isEmpty()) {
            LOG.infof("Runs %s, which were deferred, go on", woken);
        }
    }
}
