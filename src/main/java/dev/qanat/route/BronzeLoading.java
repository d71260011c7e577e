package dev.qanat.route;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import dev.qanat.ledger.Run;
import dev.qanat.ledger.Runs;
import dev.qanat.load.Rebuild;
import dev.qanat.pipeline.Pipelines;
import dev.qanat.pipeline.Resource;
import dev.qanat.records.Chunks;
import dev.qanat.records.Declared;
import dev.qanat.records.KeptRecord;
import dev.qanat.records.KeptRecords;
import dev.qanat.settings.Settings;
import dev.qanat.validate.Contract;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;
import java.sql.SQLException;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import org.apache.camel.Body;
import org.apache.camel.ExchangeProperty;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * The steps of {@code from-bronze}: the records that bronze holds are loaded once more, landing by landing, into tables aside. Safe for use
 * by several threads, each with a load of its own.
 */
@ApplicationScoped
@Named("fromBronze")
public class BronzeLoading {

    private static final Logger LOG = Logger.getLogger(BronzeLoading.class);

    private final DataSource dataSource;
    private final Runs runs;
    private final ActivePipelines active;
    private final KeptTreatment treatment;
    private final LoadLimits limits;
    private final Settings settings;

    BronzeLoading(
            DataSource dataSource,
            Runs runs,
            ActivePipelines active,
            KeptTreatment treatment,
            LoadLimits limits,
            Settings settings) {
        this.dataSource = dataSource;
        this.runs = runs;
        this.active = active;
        this.treatment = treatment;
        this.limits = limits;
        this.settings = settings;
    }

    /** Finds the resource, and makes the staging tables. */
    public void open(@ExchangeProperty("load") Load load) throws SQLException {
        Run run = load.getRun();
        Pipelines.Active inForce = active.of(run);
        String name = run.resource().orElseThrow();
        runs.began(run.id(), inForce.version(), name);
        Resource resource = inForce.pipeline()
                .resource(name)
                .orElseThrow(() -> new InputFailure(
                        Code.NO_RESOURCE, "pipeline " + inForce.name() + " has no resource '" + name + "' any more"));
        treatment.otherVersion(inForce.name(), runs.versionsLanded(inForce.name(), name), resource).ifPresent(version -> {
            throw new InputFailure(
                    Code.NOT_REBUILDABLE,
                    "version " + version + " of pipeline " + inForce.name() + " kept records of resource " + name
                            + " when its 'pii' was another than now, and what bronze holds is not treated again");
        });
        Rebuild rebuild = new Rebuild(dataSource, inForce.name(), resource, run.id());
        load.rebuilds(rebuild);
        open(load, rebuild, rebuild.contract(), null);
        rebuild.staging().create();
        try (LogContext context = LogContext.of(load)) {
            LOG.infof("Building silver.%s again from bronze", resource.table());
        }
    }

    private void open(Load load, Rebuild rebuild, Contract contract, @Nullable Chunks chunks) {
        load.begin(new Load.Opened(
                null, 0, null, rebuild.resource(), chunks, contract, rebuild.staging(), rebuild.target(), limits.room()));
    }

    /** Finds out whether bronze holds all that silver has come from, and in which order. */
    public void begin(@Body List<Map<String, Number>> landed, @ExchangeProperty("load") Load load) throws SQLException {
        load.getRebuild().begin(landed.get(0).get("landed").longValue());
    }

    /** Opens the records of the next landing that bronze knows. */
    public void next(@ExchangeProperty("load") Load load) throws SQLException {
        load.checkCancelled();
        Rebuild rebuild = load.getRebuild();
        Load.Opened before = load.opened();
        int first = before.chunks() instanceof KeptRecords read ? read.number() : 0;
        KeptRecords chunks =
                new KeptRecords(kept(rebuild.next()), Declared.ofKept(rebuild.resource()), limits.limits(), first);
        open(load, rebuild, before.contract(), chunks);
    }

    private static Iterator<KeptRecord> kept(Iterator<Rebuild.Kept> records) {
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                return records.hasNext();
            }

            @Override
            public KeptRecord next() {
                Rebuild.Kept one = records.next();
                return new KeptRecord(one.source(), one.position(), one.text(), one.json());
            }
        };
    }

    /** Begins the landing of what was staged, in the tables aside. */
    public void landAside(@ExchangeProperty("load") Load load) throws SQLException {
        load.checkCancelled();
        boolean first = load.getRun().redoes().isEmpty();
        load.beginLanding(load.getRebuild().landAside(settings.landingTimeout(), first));
    }

    public void landedAside(@ExchangeProperty("load") Load load) throws SQLException {
        load.getRebuild().landed(load.getLanding());
    }
}
