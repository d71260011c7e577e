-- Schedules: when pipelines run by themselves, which ticks nobody was there for, and the store of Quartz, which wakes one process
-- of all at a tick.

CREATE TABLE schedule (
    pipeline     text        PRIMARY KEY,
    origin       text        NOT NULL CHECK (origin IN ('api', 'pipeline', 'setting')),
    every        text,
    cron         text,
    timezone     text,
    catchup      text        NOT NULL CHECK (catchup IN ('none', 'latest', 'all')),
    since        timestamptz NOT NULL,
    next_fire_at timestamptz NOT NULL,
    last_fire_at timestamptz,
    CHECK ((every IS NULL) <> (cron IS NULL))
);
CREATE INDEX schedule_due ON schedule (next_fire_at);
COMMENT ON TABLE schedule IS 'The schedule in force of each pipeline that has one';
COMMENT ON COLUMN schedule.origin IS 'api: POST /schedule-job, which stands above the pipeline''s own; setting: ETL_INTERVAL_MINUTES';
COMMENT ON COLUMN schedule.since IS 'The ticks of every are counted from here';
COMMENT ON COLUMN schedule.next_fire_at IS 'The first tick that nobody has dealt with';

CREATE TABLE schedule_watch (
    single     boolean     PRIMARY KEY DEFAULT true CHECK (single),
    watched_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO schedule_watch DEFAULT VALUES;
COMMENT ON TABLE schedule_watch IS 'When a process last looked after the ticks; its row is the lock of who deals with them';

CREATE TABLE missed_tick (
    pipeline   text        NOT NULL,
    tick       timestamptz NOT NULL,
    noticed_at timestamptz NOT NULL DEFAULT now(),
    reason     text        NOT NULL CHECK (reason IN ('unattended', 'busy')),
    caught_up  boolean     NOT NULL,
    PRIMARY KEY (pipeline, tick)
);
COMMENT ON TABLE missed_tick IS 'Ticks that got no run, or a late one';
COMMENT ON COLUMN missed_tick.reason IS 'unattended: no process ran, or none could reach the database; busy: the pipeline was running, and its concurrency says behavior: refuse';
COMMENT ON COLUMN missed_tick.caught_up IS 'Whether it got a run afterwards, as the schedule''s catchup says';

ALTER TABLE run
    DROP CONSTRAINT run_trigger_check,
    ADD CONSTRAINT run_trigger_check CHECK (trigger IN ('file', 'api', 'schedule')),
    ADD COLUMN scheduled_for timestamptz;
CREATE UNIQUE INDEX run_one_per_tick ON run (pipeline, scheduled_for) WHERE scheduled_for IS NOT NULL AND redoes IS NULL;
COMMENT ON COLUMN run.scheduled_for IS 'The tick that queued the run; a tick queues one';

-- The store of Quartz 2.5, whose names these are.
CREATE TABLE qrtz_job_details (
    sched_name        text    NOT NULL,
    job_name          text    NOT NULL,
    job_group         text    NOT NULL,
    description       text,
    job_class_name    text    NOT NULL,
    is_durable        boolean NOT NULL,
    is_nonconcurrent  boolean NOT NULL,
    is_update_data    boolean NOT NULL,
    requests_recovery boolean NOT NULL,
    job_data          bytea,
    PRIMARY KEY (sched_name, job_name, job_group)
);

CREATE TABLE qrtz_triggers (
    sched_name     text    NOT NULL,
    trigger_name   text    NOT NULL,
    trigger_group  text    NOT NULL,
    job_name       text    NOT NULL,
    job_group      text    NOT NULL,
    description    text,
    next_fire_time bigint,
    prev_fire_time bigint,
    priority       integer,
    trigger_state  text    NOT NULL,
    trigger_type   text    NOT NULL,
    start_time     bigint  NOT NULL,
    end_time       bigint,
    calendar_name  text,
    misfire_instr  smallint,
    job_data       bytea,
    PRIMARY KEY (sched_name, trigger_name, trigger_group),
    FOREIGN KEY (sched_name, job_name, job_group) REFERENCES qrtz_job_details
);
CREATE INDEX qrtz_triggers_by_job ON qrtz_triggers (sched_name, job_name, job_group);
CREATE INDEX qrtz_triggers_due ON qrtz_triggers (sched_name, trigger_state, next_fire_time);

CREATE TABLE qrtz_simple_triggers (
    sched_name      text   NOT NULL,
    trigger_name    text   NOT NULL,
    trigger_group   text   NOT NULL,
    repeat_count    bigint NOT NULL,
    repeat_interval bigint NOT NULL,
    times_triggered bigint NOT NULL,
    PRIMARY KEY (sched_name, trigger_name, trigger_group),
    FOREIGN KEY (sched_name, trigger_name, trigger_group) REFERENCES qrtz_triggers
);

CREATE TABLE qrtz_cron_triggers (
    sched_name      text NOT NULL,
    trigger_name    text NOT NULL,
    trigger_group   text NOT NULL,
    cron_expression text NOT NULL,
    time_zone_id    text,
    PRIMARY KEY (sched_name, trigger_name, trigger_group),
    FOREIGN KEY (sched_name, trigger_name, trigger_group) REFERENCES qrtz_triggers
);

CREATE TABLE qrtz_simprop_triggers (
    sched_name    text NOT NULL,
    trigger_name  text NOT NULL,
    trigger_group text NOT NULL,
    str_prop_1    text,
    str_prop_2    text,
    str_prop_3    text,
    int_prop_1    integer,
    int_prop_2    integer,
    long_prop_1   bigint,
    long_prop_2   bigint,
    dec_prop_1    numeric(13, 4),
    dec_prop_2    numeric(13, 4),
    bool_prop_1   boolean,
    bool_prop_2   boolean,
    PRIMARY KEY (sched_name, trigger_name, trigger_group),
    FOREIGN KEY (sched_name, trigger_name, trigger_group) REFERENCES qrtz_triggers
);

CREATE TABLE qrtz_blob_triggers (
    sched_name    text NOT NULL,
    trigger_name  text NOT NULL,
    trigger_group text NOT NULL,
    blob_data     bytea,
    PRIMARY KEY (sched_name, trigger_name, trigger_group),
    FOREIGN KEY (sched_name, trigger_name, trigger_group) REFERENCES qrtz_triggers
);

CREATE TABLE qrtz_calendars (
    sched_name    text  NOT NULL,
    calendar_name text  NOT NULL,
    calendar      bytea NOT NULL,
    PRIMARY KEY (sched_name, calendar_name)
);

CREATE TABLE qrtz_paused_trigger_grps (
    sched_name    text NOT NULL,
    trigger_group text NOT NULL,
    PRIMARY KEY (sched_name, trigger_group)
);

CREATE TABLE qrtz_fired_triggers (
    sched_name        text    NOT NULL,
    entry_id          text    NOT NULL,
    trigger_name      text    NOT NULL,
    trigger_group     text    NOT NULL,
    instance_name     text    NOT NULL,
    fired_time        bigint  NOT NULL,
    sched_time        bigint  NOT NULL,
    priority          integer NOT NULL,
    state             text    NOT NULL,
    job_name          text,
    job_group         text,
    is_nonconcurrent  boolean,
    requests_recovery boolean,
    PRIMARY KEY (sched_name, entry_id)
);

CREATE TABLE qrtz_scheduler_state (
    sched_name        text   NOT NULL,
    instance_name     text   NOT NULL,
    last_checkin_time bigint NOT NULL,
    checkin_interval  bigint NOT NULL,
    PRIMARY KEY (sched_name, instance_name)
);

CREATE TABLE qrtz_locks (
    sched_name text NOT NULL,
    lock_name  text NOT NULL,
    PRIMARY KEY (sched_name, lock_name)
);
