-- Which fields the sources have shown, and how those of a run differ from them.

CREATE TABLE known_fields (
    pipeline     text        NOT NULL,
    resource     text        NOT NULL,
    fields       jsonb       NOT NULL,
    unseen       jsonb,
    run_id       bigint      NOT NULL REFERENCES run,
    first_run_id bigint      NOT NULL REFERENCES run,
    updated_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (pipeline, resource)
);
COMMENT ON TABLE known_fields IS 'The fields of each resource that has landed, by their paths, with the kinds of their values';
COMMENT ON COLUMN known_fields.unseen IS 'Of a poll that is deferred: the paths that it has not come upon yet';
COMMENT ON COLUMN known_fields.run_id IS 'The run that has not come upon these';
COMMENT ON COLUMN known_fields.first_run_id IS 'The run whose landing was the first; what it finds is no change';

CREATE TABLE schema_change (
    run_id      bigint NOT NULL REFERENCES run ON DELETE CASCADE,
    resource    text   NOT NULL,
    path        text   NOT NULL,
    change      text   NOT NULL CHECK (change IN ('added', 'missing', 'type_changed')),
    from_kinds  text,
    to_kinds    text,
    column_name text,
    action      text   NOT NULL CHECK (action IN ('kept', 'stored', 'column_added', 'discarded', 'records_rejected')),
    PRIMARY KEY (run_id, resource, path, change)
);
COMMENT ON TABLE schema_change IS 'How the fields of a run''s records differ from those known before; the first 1,000 of each landing';

ALTER TABLE run_resource ADD COLUMN schema_changes bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN run_resource.schema_changes IS 'How many there are, also those that schema_change does not keep';
