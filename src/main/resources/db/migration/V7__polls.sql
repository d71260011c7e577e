-- Polls: runs that fetch resources from APIs, how far their partitions are, where the next ones start, and what quotas have left.

ALTER TABLE run
    ADD COLUMN polled     text[],
    ADD COLUMN range_from text,
    ADD COLUMN range_to   text;
COMMENT ON COLUMN run.polled IS 'Of a run that polls: the resources it fetches';
COMMENT ON COLUMN run.range_from IS 'Of a backfill: where it starts, in place of the cursors, which it leaves alone';
COMMENT ON COLUMN run.range_to IS 'Of a backfill: where it ends, this value excluded';
-- As with a file: a poll waits once. One that starts over does not go on with what another has begun.
CREATE UNIQUE INDEX run_waiting_poll
    ON run (pipeline, polled, coalesce(range_from, ''), coalesce(range_to, ''), full_refresh)
    WHERE status IN ('queued', 'deferred') AND polled IS NOT NULL;
CREATE INDEX run_deferred ON run (available_at) WHERE status = 'deferred';

CREATE TABLE poll_partition (
    run_id        bigint NOT NULL REFERENCES run ON DELETE CASCADE,
    resource      text   NOT NULL,
    partition     text   NOT NULL,
    status        text   NOT NULL CHECK (status IN ('landed', 'deferred', 'failed')),
    token         text,
    error_code    text,
    error_message text,
    PRIMARY KEY (run_id, resource, partition)
);
COMMENT ON TABLE poll_partition IS 'What became of the partitions that a poll has dealt with; one that is not here is still to be fetched';
COMMENT ON COLUMN poll_partition.token IS 'Of a deferred partition, some pages of which landed: where it goes on';

CREATE TABLE cursor (
    pipeline   text        NOT NULL,
    resource   text        NOT NULL,
    partition  text        NOT NULL,
    value      text        NOT NULL,
    run_id     bigint      NOT NULL REFERENCES run,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (pipeline, resource, partition)
);
COMMENT ON TABLE cursor IS 'The greatest value of a partition''s incremental field that landed';

CREATE TABLE validator (
    pipeline      text        NOT NULL,
    resource      text        NOT NULL,
    request       text        NOT NULL,
    etag          text,
    last_modified text,
    run_id        bigint      NOT NULL REFERENCES run,
    updated_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (pipeline, resource, request)
);
COMMENT ON TABLE validator IS 'What an answer that landed may be asked by whether it has changed (RFC 9110)';

CREATE TABLE quota (
    source       text        PRIMARY KEY,
    paused_until timestamptz,
    reason       text
);
COMMENT ON TABLE quota IS 'The limited sources, as pipeline.source; the row is the lock of who may start a request';
COMMENT ON COLUMN quota.paused_until IS 'Until then the source itself wants no requests';

CREATE TABLE quota_use (
    source     text        NOT NULL REFERENCES quota ON DELETE CASCADE,
    id         bigint      GENERATED ALWAYS AS IDENTITY,
    started_at timestamptz NOT NULL,
    PRIMARY KEY (source, id)
);
CREATE INDEX quota_use_latest ON quota_use (source, started_at DESC);
COMMENT ON TABLE quota_use IS 'When requests started; as many of a source as its largest limit';

-- Takes one request from a source's quota: counts it and gives its id, or says how long to wait for the next one. At most limits[i]
-- requests start in any window of seconds[i] and a little more, since the way from here to the network takes a varying time.
CREATE FUNCTION take_quota(of_source text, limits integer[], seconds double precision[])
    RETURNS TABLE (id bigint, wait double precision, binding integer, reason text) LANGUAGE plpgsql AS $$
DECLARE
    pause    timestamptz;
    why      text;
    moment   timestamptz;
    nth      timestamptz;
    allowed  timestamptz;
    latest   timestamptz := '-infinity';
    which    integer;
BEGIN
    INSERT INTO qanat.quota (source) VALUES (of_source) ON CONFLICT DO NOTHING;
    SELECT q.paused_until, q.reason INTO pause, why FROM qanat.quota q WHERE q.source = of_source FOR UPDATE;
    moment := clock_timestamp();
    IF pause > moment THEN
        RETURN QUERY SELECT NULL::bigint, extract(epoch FROM pause - moment)::double precision, NULL::integer, why;
        RETURN;
    END IF;
    FOR i IN 1 .. array_length(limits, 1) LOOP
        nth := (SELECT u.started_at FROM qanat.quota_use u
                WHERE u.source = of_source ORDER BY u.started_at DESC OFFSET limits[i] - 1 LIMIT 1);
        allowed := nth + make_interval(secs => seconds[i] + least(seconds[i] * 0.001, 0.05) + 0.002);
        IF allowed > latest THEN
            latest := allowed;
            which := i;
        END IF;
    END LOOP;
    IF latest > moment THEN
        RETURN QUERY SELECT NULL::bigint, extract(epoch FROM latest - moment)::double precision, which, NULL::text;
        RETURN;
    END IF;
    DELETE FROM qanat.quota_use u
    WHERE u.source = of_source AND u.started_at < (
        SELECT kept.started_at FROM qanat.quota_use kept WHERE kept.source = of_source
        ORDER BY kept.started_at DESC OFFSET (SELECT max(l) FROM unnest(limits) l) LIMIT 1);
    RETURN QUERY INSERT INTO qanat.quota_use AS u (source, started_at) VALUES (of_source, moment)
        RETURNING u.id, 0::double precision, NULL::integer, NULL::text;
END $$;
COMMENT ON FUNCTION take_quota IS 'Takes one request from a source''s quota, or says how long to wait for it and for which limit';
