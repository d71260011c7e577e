package dev.qanat.route;

import dev.qanat.failure.Code;
import dev.qanat.failure.TransientFailure;
import dev.qanat.load.TableLanding;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;
import java.util.List;
import java.util.Map;
import org.apache.camel.Body;
import org.apache.camel.Exchange;
import org.apache.camel.ExchangeProperty;
import org.apache.camel.Header;
import org.jboss.logging.Logger;

/** The steps of the landing between its statements: they take the counts that the statements give. */
@ApplicationScoped
@Named("landing")
public class LandingSteps {

    private static final Logger LOG = Logger.getLogger(LandingSteps.class);

    private static final String COUNT = "CamelSqlUpdateCount";

    public void staged(@Body List<Map<String, Number>> counts, @ExchangeProperty("load") Load load) {
        load.getLanding().checkStaged(counts.get(0));
    }

    /** When the key of a new table could not be built because it occurs twice: from now on the last record of each is chosen. */
    public void choose(@ExchangeProperty(Exchange.EXCEPTION_CAUGHT) Exception caught, @ExchangeProperty("table") TableLanding table)
            throws Exception {
        boolean repeats =
                Failures.sql(caught).filter(sql -> table.isRefuted(sql.getSQLState())).isPresent();
        if (!repeats) {
            throw caught;
        }
        table.keyRepeats();
    }

    public void chosen(@Header(COUNT) int rows, @ExchangeProperty("table") TableLanding table) {
        table.countChosen(rows);
    }

    public void changed(@Header(COUNT) int rows, @ExchangeProperty("table") TableLanding table) {
        table.countChanged(rows);
    }

    public void updated(@Header(COUNT) int rows, @ExchangeProperty("table") TableLanding table) {
        table.countUpdated(rows);
    }

    public void inserted(@Header(COUNT) int rows, @ExchangeProperty("table") TableLanding table) {
        table.countInserted(rows);
    }

    /** What was found to be changed must have been written, or the landing is undone. */
    public void written(@ExchangeProperty("table") TableLanding table) {
        table.checkWritten();
    }

    /** Holds the fields of the records against those known, of which there is a row unless this is the first landing. */
    public void compare(@Body List<Map<String, Object>> known, @ExchangeProperty("load") Load load) {
        load.compared(SchemaChanges.of(load, known.isEmpty() ? null : known.get(0)));
    }

    /** The run must still be this process's and not be cancelled, or the landing is undone. */
    public void owned(@Header(COUNT) int rows, @ExchangeProperty("load") Load load) {
        if (rows != 1) {
            throw new TransientFailure(
                    Code.LEASE_LOST,
                    "run " + load.getRun().id() + " is not this process's any more: it landed, was taken over or cancelled");
        }
    }

    /** The rejections that were read must be the ones that are done with, or the landing is undone. */
    public void replayed(@Header(COUNT) int rows, @ExchangeProperty("load") Load load) {
        if (rows != load.getRead()) {
            throw new TransientFailure(
                    Code.DATABASE_CONFLICT,
                    "somebody changed the rejections of run " + load.getReplayed() + " while they were checked again: " + load.getRead()
                            + " were read, " + rows + " are left");
        }
    }

    /** Nothing of the resource may have landed while its tables were built again, or the landing is undone. */
    public void rebuilt(@Body List<Map<String, Number>> landed, @ExchangeProperty("load") Load load) {
        if (landed.get(0).get("landed").longValue() != load.getRebuild().known()) {
            throw new TransientFailure(
                    Code.DATABASE_CONFLICT,
                    "another run has loaded " + load.getTableName() + " while it was built again from bronze; trigger that once more");
        }
    }

    /** The transaction is committed. */
    public void committed(@ExchangeProperty("load") Load load) {
        load.markLanded();
        if (load.getSchemaChanges().getCount() > 0) {
            try (LogContext context = LogContext.of(load)) {
                LOG.infof(
                        "%,d fields of %s are new, missing or of another type: GET /runs/%d tells them",
                        load.getSchemaChanges().getCount(), load.getResourceName(), load.getRun().id());
            }
        }
    }
}
