-- The ledger: what was configured, what ran, what landed and what did not.

CREATE SCHEMA IF NOT EXISTS bronze;
CREATE SCHEMA IF NOT EXISTS silver;
CREATE SCHEMA IF NOT EXISTS gold;
CREATE SCHEMA IF NOT EXISTS qanat_staging;

CREATE TABLE config_history (
    pipeline   text        NOT NULL,
    version    integer     NOT NULL CHECK (version > 0),
    yaml       text        NOT NULL,
    sha256     text        NOT NULL,
    origin     text        NOT NULL CHECK (origin IN ('file', 'upload')),
    file       text,
    removed    boolean     NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (pipeline, version)
);
COMMENT ON TABLE config_history IS 'Every version of every pipeline; the highest version is the one in force';
COMMENT ON COLUMN config_history.file IS 'Below the folder of pipelines, where the version came from a file';
COMMENT ON COLUMN config_history.removed IS 'The pipeline was taken out of force with this version';

CREATE TABLE run (
    id               bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    pipeline         text        NOT NULL,
    config_version   integer     NOT NULL,
    trigger          text        NOT NULL CHECK (trigger IN ('file', 'api')),
    status           text        NOT NULL DEFAULT 'queued' CHECK (status IN
        ('queued', 'running', 'succeeded', 'partial', 'failed', 'deferred', 'cancelled', 'interrupted')),
    full_refresh     boolean     NOT NULL DEFAULT false,
    redoes           bigint      REFERENCES run,
    queued_at        timestamptz NOT NULL DEFAULT now(),
    available_at     timestamptz NOT NULL DEFAULT now(),
    started_at       timestamptz,
    landed_at        timestamptz,
    finished_at      timestamptz,
    worker           uuid,
    lease_until      timestamptz,
    landing_attempts integer     NOT NULL DEFAULT 0,

    -- The file of the run; a run without one looked for files and found none.
    source           text,
    resource         text,
    file             text,
    file_size        bigint,
    file_modified    timestamptz,
    file_sha256      text,
    file_status      text        CHECK (file_status IN ('loaded', 'already_loaded')),
    file_loaded_by   bigint      REFERENCES run,

    read             bigint      NOT NULL DEFAULT 0,
    inserted         bigint      NOT NULL DEFAULT 0,
    updated          bigint      NOT NULL DEFAULT 0,
    unchanged        bigint      NOT NULL DEFAULT 0,
    duplicate        bigint      NOT NULL DEFAULT 0,
    filtered         bigint      NOT NULL DEFAULT 0,
    rejected         bigint      NOT NULL DEFAULT 0,
    bytes            bigint      NOT NULL DEFAULT 0,
    error_code       text,
    error_message    text,
    CHECK (landed_at IS NULL OR read = inserted + updated + unchanged + duplicate + filtered + rejected)
);
COMMENT ON TABLE run IS 'One row a run: one file, or one look for files';
COMMENT ON COLUMN run.redoes IS 'The interrupted run that this one does again';
COMMENT ON COLUMN run.available_at IS 'Not to be claimed earlier: a file must have been still for a second, a failing database gets time';
COMMENT ON COLUMN run.file IS 'Its path below the home';

-- A file waits or is worked on once; a pipeline has one running run: the database holds both, not memory.
CREATE UNIQUE INDEX run_active_file ON run (pipeline, file) WHERE status IN ('queued', 'running') AND file IS NOT NULL;
CREATE UNIQUE INDEX run_one_running ON run (pipeline) WHERE status = 'running';
CREATE INDEX run_queue ON run (pipeline, file_modified, file, id) WHERE status = 'queued';
CREATE INDEX run_by_pipeline ON run (pipeline, id DESC);

CREATE TABLE run_resource (
    run_id     bigint NOT NULL REFERENCES run ON DELETE CASCADE,
    resource   text   NOT NULL,
    table_name text   NOT NULL,
    read       bigint NOT NULL,
    inserted   bigint NOT NULL,
    updated    bigint NOT NULL,
    unchanged  bigint NOT NULL,
    duplicate  bigint NOT NULL,
    filtered   bigint NOT NULL,
    rejected   bigint NOT NULL,
    PRIMARY KEY (run_id, resource),
    CHECK (read = inserted + updated + unchanged + duplicate + filtered + rejected)
);

CREATE TABLE rejection (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id      bigint NOT NULL REFERENCES run ON DELETE CASCADE,
    resource    text   NOT NULL,
    source      text   NOT NULL,
    position    bigint NOT NULL,
    column_name text,
    code        text   NOT NULL,
    reason      text   NOT NULL,
    record      text   NOT NULL
);
CREATE INDEX rejection_by_run ON rejection (run_id, id);
COMMENT ON COLUMN rejection.position IS 'The line of the file on which the record starts';

CREATE TABLE file (
    pipeline  text        NOT NULL,
    resource  text        NOT NULL,
    sha256    text        NOT NULL,
    name      text        NOT NULL,
    size      bigint      NOT NULL,
    run_id    bigint      NOT NULL REFERENCES run,
    landed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (pipeline, resource, sha256)
);
CREATE INDEX file_by_size ON file (pipeline, resource, size);
COMMENT ON TABLE file IS 'The bytes that landed; the same bytes are not loaded twice';

CREATE TABLE watch (
    pipeline text        PRIMARY KEY,
    armed_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE watch IS 'Pipelines whose kept folders are looked at, since a job was triggered for them';

CREATE TABLE kept_file (
    pipeline text        NOT NULL,
    file     text        NOT NULL,
    size     bigint      NOT NULL,
    modified timestamptz NOT NULL,
    PRIMARY KEY (pipeline, file)
);
COMMENT ON TABLE kept_file IS 'How a kept file looked when it was last read; it is read again when it looks different';

CREATE TABLE trigger_key (
    key        text        PRIMARY KEY,
    runs       bigint[]    NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE trigger_key IS 'What requests with an Idempotency-Key have queued; the same key queues nothing again';
