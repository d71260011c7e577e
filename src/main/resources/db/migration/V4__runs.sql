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

-- What a run rejected can be checked again, once the contract was mended, by a run of its own.

ALTER TABLE run
    DROP CONSTRAINT run_trigger_check,
    ADD CONSTRAINT run_trigger_check CHECK (trigger IN ('file', 'api', 'schedule', 'replay')),
    ADD COLUMN replays        bigint REFERENCES run,
    ADD COLUMN not_replayable bigint;
COMMENT ON COLUMN run.replays IS 'The run of a file whose rejections this one checks again';
COMMENT ON COLUMN run.not_replayable IS 'Of a replay: rejections that are left because what was kept of them cannot be checked again';
CREATE UNIQUE INDEX run_active_replay ON run (replays) WHERE status IN ('queued', 'running') AND replays IS NOT NULL;
CREATE INDEX run_by_replayed ON run (replays) WHERE replays IS NOT NULL;

ALTER TABLE rejection
    ADD COLUMN from_text   boolean,
    ADD COLUMN replayed_by bigint REFERENCES run,
    -- A whole record with its fields by name: what could not be read from its source, or was cut at 64 KiB, is none.
    ADD COLUMN replayable  boolean NOT NULL GENERATED ALWAYS AS (
        code NOT IN ('field_count', 'malformed_record', 'not_an_object', 'invalid_encoding')
        AND NOT (code = 'invalid_character' AND strpos(record, chr(65533)) > 0)
        AND left(record, 1) = '{' AND octet_length(record) < 65533) STORED;
COMMENT ON COLUMN rejection.from_text IS 'Whether the record comes from a text format, whose fields are texts; null where that is not known';
COMMENT ON COLUMN rejection.replayed_by IS 'The run that checked the record again; if it was rejected again, that is a rejection of that run';
