-- The run has landed, if it is still this process's and not to be cancelled: the last statement, so that the heartbeat is not kept waiting.
UPDATE qanat.run
SET landed_at  = clock_timestamp(),
    file_status = CASE WHEN file IS NOT NULL THEN 'loaded' END,
    file_sha256 = nullif(CAST(:#${exchangeProperty.load.sha256} AS text), ''),
    bytes      = :#${exchangeProperty.load.bytesRead},
    read       = :#${exchangeProperty.load.read},
    inserted   = :#${exchangeProperty.load.landing.table.inserted},
    updated    = :#${exchangeProperty.load.landing.table.updated},
    unchanged  = :#${exchangeProperty.load.landing.table.unchanged},
    duplicate  = :#${exchangeProperty.load.landing.table.duplicate},
    filtered   = :#${exchangeProperty.load.landing.filtered},
    rejected   = :#${exchangeProperty.load.rejected}
WHERE id = :#${exchangeProperty.load.run.id} AND worker = :#${exchangeProperty.load.worker} AND status = 'running'
  AND landed_at IS NULL AND cancel_requested_at IS NULL
