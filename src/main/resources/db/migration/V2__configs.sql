-- Who brought a version, what a rollback restores, and what a pipeline's file held when it was last read.

ALTER TABLE config_history
    DROP CONSTRAINT config_history_origin_check,
    ADD CONSTRAINT config_history_origin_check CHECK (origin IN ('file', 'upload', 'rollback')),
    ADD COLUMN created_by  text,
    ADD COLUMN restores    integer,
    ADD COLUMN file_sha256 text,
    ADD CONSTRAINT config_history_restores_check CHECK ((origin = 'rollback') = (restores IS NOT NULL));

UPDATE config_history SET file_sha256 = sha256 WHERE origin = 'file';

COMMENT ON COLUMN config_history.created_by IS 'Who sent the version, as far as it is known; null for a file, which anybody may have written';
COMMENT ON COLUMN config_history.restores IS 'The version whose content a rollback has put in force again';
COMMENT ON COLUMN config_history.file_sha256 IS 'Of the pipeline''s file when it was read while this version was in force: a file that stays as it is does not take the place of an upload';
