-- Runs can be cancelled, and several of one pipeline may run at once where the pipeline says so.

ALTER TABLE run
    ADD COLUMN cancel_requested_at timestamptz,
    ADD COLUMN superseded_by       bigint  REFERENCES run,
    ADD COLUMN slot                integer NOT NULL DEFAULT 1 CHECK (slot > 0);
COMMENT ON COLUMN run.cancel_requested_at IS 'From then on the run does not land; whoever works on it stops';
COMMENT ON COLUMN run.superseded_by IS 'The newer run for which this one is cancelled, where the pipeline says behavior: cancel';
COMMENT ON COLUMN run.slot IS 'Of a running run: which of the places that its pipeline''s concurrency.limit allows';

-- A pipeline has as many running runs as it has places: the database holds that, not memory.
DROP INDEX run_one_running;
CREATE UNIQUE INDEX run_slot ON run (pipeline, slot) WHERE status = 'running';
CREATE INDEX run_to_cancel ON run (id) WHERE cancel_requested_at IS NOT NULL AND status IN ('queued', 'running');
