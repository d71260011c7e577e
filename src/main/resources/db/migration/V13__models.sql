-- What runs did with the models of the dbt project.

ALTER TABLE run ADD COLUMN models text;
COMMENT ON COLUMN run.models IS 'Of a run that builds models alone: which, in dbt''s selection syntax';

CREATE TABLE run_model (
    run_id        bigint      NOT NULL REFERENCES run ON DELETE CASCADE,
    node          text        NOT NULL,
    name          text        NOT NULL,
    kind          text        NOT NULL CHECK (kind IN ('model', 'seed')),
    relation      text        NOT NULL,
    materialized  text        NOT NULL,
    status        text        NOT NULL CHECK (status IN ('succeeded', 'failed', 'skipped')),
    rows          bigint,
    started_at    timestamptz NOT NULL,
    finished_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    compiled_sql  text        NOT NULL,
    sha256        text,
    error_code    text,
    error_message text,
    PRIMARY KEY (run_id, node)
);
CREATE INDEX run_model_by_node ON run_model (node, run_id DESC);
COMMENT ON TABLE run_model IS 'A model or seed in a run; one that was published is told in the transaction in which it was';
COMMENT ON COLUMN run_model.node IS 'dbt''s unique id';
COMMENT ON COLUMN run_model.rows IS 'Written into the relation; null for a view';
COMMENT ON COLUMN run_model.sha256 IS 'Of a seed: its file and configuration';

CREATE TABLE run_test (
    run_id        bigint           NOT NULL REFERENCES run ON DELETE CASCADE,
    node          text             NOT NULL,
    name          text             NOT NULL,
    model         text,
    severity      text             NOT NULL,
    status        text             NOT NULL CHECK (status IN ('passed', 'warned', 'failed', 'skipped')),
    failures      bigint,
    seconds       double precision NOT NULL,
    compiled_sql  text             NOT NULL,
    stored_in     text,
    error_message text,
    PRIMARY KEY (run_id, node)
);
COMMENT ON COLUMN run_test.model IS 'The node that was audited; null for a test of what no node of the run had built';
COMMENT ON COLUMN run_test.failures IS 'Null when the test could not be asked';
COMMENT ON COLUMN run_test.stored_in IS 'The table with the rows that fail';
