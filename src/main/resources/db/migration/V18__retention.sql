-- What was kept long enough is deleted, and what was deleted is told.
CREATE TABLE retention (
    id            bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    trigger       text        NOT NULL CHECK (trigger IN ('schedule', 'api')),
    status        text        NOT NULL DEFAULT 'running' CHECK (status IN ('running', 'succeeded', 'failed', 'interrupted')),
    started_at    timestamptz NOT NULL DEFAULT now(),
    finished_at   timestamptz,
    error_code    text,
    error_message text
);
COMMENT ON TABLE retention IS 'The passes that deleted what was kept long enough';
CREATE TABLE retention_deleted (
    retention_id bigint NOT NULL REFERENCES retention ON DELETE CASCADE,
    what         text   NOT NULL,
    deleted      bigint NOT NULL,
    bytes        bigint,
    unknown      bigint,
    PRIMARY KEY (retention_id, what)
);
COMMENT ON COLUMN retention_deleted.what IS 'A table of bronze, or one of rejections, run_details, runs, archive, quarantine';
COMMENT ON COLUMN retention_deleted.unknown IS 'Files that stay because no run in the ledger tells how old they are';

ALTER TABLE run
    ADD COLUMN rejections_deleted_at timestamptz,
    ADD COLUMN details_deleted_at    timestamptz;
COMMENT ON COLUMN run.rejections_deleted_at IS 'When its rejections were deleted; their count stays';
COMMENT ON COLUMN run.details_deleted_at IS 'When what was noted of its models, tests and partitions was deleted';

-- Whether anything leads to a run is asked before it is deleted, and by PostgreSQL again while it is.
CREATE INDEX run_by_redone ON run (redoes) WHERE redoes IS NOT NULL;
CREATE INDEX run_by_superseded ON run (superseded_by) WHERE superseded_by IS NOT NULL;
CREATE INDEX run_by_loader ON run (file_loaded_by) WHERE file_loaded_by IS NOT NULL;
CREATE INDEX rejection_by_replay ON rejection (replayed_by) WHERE replayed_by IS NOT NULL;
CREATE INDEX file_by_run ON file (run_id);
CREATE INDEX cursor_by_run ON cursor (run_id);
CREATE INDEX validator_by_run ON validator (run_id);
-- When a file in the archive was put there.
CREATE INDEX run_by_file_look ON run (pipeline, file_size, file_modified) WHERE file IS NOT NULL;
