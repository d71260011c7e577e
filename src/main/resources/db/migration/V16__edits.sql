-- Rows are written one by one over HTTP, each by a run of its own, so that a row leads back to what made it as all others do.

ALTER TABLE run
    DROP CONSTRAINT run_trigger_check,
    ADD CONSTRAINT run_trigger_check CHECK (trigger IN ('file', 'api', 'schedule', 'replay', 'edit'));

CREATE TABLE edit (
    run_id     bigint      PRIMARY KEY REFERENCES run ON DELETE CASCADE,
    table_name text        NOT NULL,
    row_id     text        NOT NULL,
    became     text,
    action     text        NOT NULL CHECK (action IN ('insert', 'update', 'delete')),
    edited_by  text        NOT NULL,
    edited_at  timestamptz NOT NULL DEFAULT now(),
    before     json,
    after      json
);
CREATE INDEX edit_by_row ON edit (table_name, row_id, run_id DESC);
CREATE INDEX edit_by_new_row ON edit (table_name, became, run_id DESC) WHERE became IS NOT NULL;
COMMENT ON TABLE edit IS 'A row that was written over HTTP; told in the transaction that wrote it';
COMMENT ON COLUMN edit.row_id IS 'The value of the surrogate key, or of the key''s only column';
COMMENT ON COLUMN edit.became IS 'Of a row that the edit gave another id: that one';
COMMENT ON COLUMN edit.before IS 'The whole row; null where there was none';
