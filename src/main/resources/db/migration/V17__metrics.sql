-- What monitoring asks for, kept as it happens: nobody counts runs when it is asked for, and what is deleted later stays counted.

CREATE TABLE run_total (
    pipeline text        NOT NULL,
    measure  text        NOT NULL CHECK (measure IN ('runs', 'records', 'rejections', 'read', 'bytes')),
    label    text        NOT NULL,
    total    bigint      NOT NULL,
    latest   timestamptz NOT NULL,
    PRIMARY KEY (pipeline, measure, label)
) WITH (fillfactor = 50);
COMMENT ON TABLE run_total IS 'What became of runs and their records, counted in the transaction in which a run ends; rows written by hand are not in it';
COMMENT ON COLUMN run_total.label IS 'Of runs the status, of records the outcome, of rejections the code';

-- In one order, so that transactions that end runs of a pipeline do not wait for each other in a circle.
CREATE FUNCTION count_run() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO qanat.run_total AS known (pipeline, measure, label, total, latest)
    WITH landed AS (
        -- A run that did not land as a whole may have landed some of its resources.
        SELECT coalesce(sum(read), 0) AS read, coalesce(sum(inserted), 0) AS inserted, coalesce(sum(updated), 0) AS updated,
               coalesce(sum(unchanged), 0) AS unchanged, coalesce(sum(duplicate), 0) AS duplicate,
               coalesce(sum(filtered), 0) AS filtered, coalesce(sum(rejected), 0) AS rejected
        FROM qanat.run_resource WHERE run_id = NEW.id AND resource = ANY (coalesce(NEW.polled, ARRAY[NEW.resource]))
    ), counted AS (
        SELECT inserted, updated, unchanged, duplicate, filtered, kept, whole.read,
               least(greatest(rejected, NEW.rejected), whole.read - kept) AS rejected
        FROM landed CROSS JOIN LATERAL (
            SELECT inserted + updated + unchanged + duplicate + filtered, greatest(landed.read, NEW.read)) AS whole (kept, read)
    ), of_run (measure, label, number) AS (
        SELECT 'runs', NEW.status, 1
        UNION ALL
        SELECT measure, label, number FROM counted CROSS JOIN LATERAL (VALUES
            ('read', '', read), ('records', 'inserted', inserted), ('records', 'updated', updated),
            ('records', 'unchanged', unchanged), ('records', 'duplicate', duplicate), ('records', 'filtered', filtered),
            ('records', 'rejected', rejected), ('records', 'discarded', read - kept - rejected), ('bytes', '', NEW.bytes)
        ) AS one (measure, label, number)
        WHERE NEW.status <> 'deferred'
        UNION ALL
        SELECT 'rejections', code, count(*) FROM qanat.rejection
        WHERE run_id = NEW.id AND NEW.rejected > 0 AND NEW.status <> 'deferred' GROUP BY code
    )
    SELECT NEW.pipeline, measure, label, number, clock_timestamp() FROM of_run WHERE number > 0 ORDER BY measure, label
    ON CONFLICT (pipeline, measure, label) DO UPDATE SET total = known.total + excluded.total, latest = excluded.latest;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION count_run IS 'Counts a run that has ended, or that is deferred; the records of the latter are counted when it ends';

CREATE TRIGGER count_ended AFTER UPDATE OF status ON run FOR EACH ROW
    WHEN (NEW.status <> OLD.status AND NEW.status NOT IN ('queued', 'running'))
    EXECUTE FUNCTION count_run();
CREATE TRIGGER count_at_once AFTER INSERT ON run FOR EACH ROW
    WHEN (NEW.status NOT IN ('queued', 'running') AND NEW.trigger <> 'edit')
    EXECUTE FUNCTION count_run();

CREATE TABLE table_written (
    table_name text        PRIMARY KEY,
    written_at timestamptz NOT NULL
) WITH (fillfactor = 50);
COMMENT ON TABLE table_written IS 'When rows were last put into a table, or changed; one that is built again from bronze has no newer rows by that';

CREATE FUNCTION note_written() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO qanat.table_written (table_name, written_at)
    SELECT NEW.table_name, clock_timestamp() FROM qanat.run WHERE id = NEW.run_id AND NOT from_bronze
    ON CONFLICT (table_name) DO UPDATE SET written_at = excluded.written_at;
    RETURN NULL;
END $$;

-- Who lands, or publishes a model, is the only writer of its table at that time.
CREATE TRIGGER note_landed AFTER INSERT ON run_resource FOR EACH ROW
    WHEN (NEW.inserted + NEW.updated > 0)
    EXECUTE FUNCTION note_written();
CREATE TRIGGER note_landed_again AFTER UPDATE ON run_resource FOR EACH ROW
    WHEN (NEW.inserted + NEW.updated > OLD.inserted + OLD.updated)
    EXECUTE FUNCTION note_written();

CREATE FUNCTION note_published() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO qanat.table_written (table_name, written_at) VALUES (NEW.relation, clock_timestamp())
    ON CONFLICT (table_name) DO UPDATE SET written_at = excluded.written_at;
    RETURN NULL;
END $$;

CREATE TRIGGER note_published AFTER INSERT OR UPDATE ON run_model FOR EACH ROW
    WHEN (NEW.status = 'succeeded' AND NEW.rows > 0)
    EXECUTE FUNCTION note_published();

-- What is known of the time before.
INSERT INTO table_written (table_name, written_at)
SELECT table_name, max(at) FROM (
    SELECT part.table_name, run.landed_at FROM run_resource part JOIN run ON run.id = part.run_id
    WHERE part.inserted + part.updated > 0 AND NOT run.from_bronze AND run.landed_at IS NOT NULL
    UNION ALL
    SELECT relation, finished_at FROM run_model WHERE status = 'succeeded' AND rows > 0
) AS written (table_name, at) GROUP BY table_name;
