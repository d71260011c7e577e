-- Some of a poll has landed, if it is still this process's and not to be cancelled. The run goes on; it has landed when all of it has.
UPDATE qanat.run
SET bytes = greatest(bytes, :#${exchangeProperty.load.bytesRead})
WHERE id = :#${exchangeProperty.load.run.id} AND worker = :#${exchangeProperty.load.worker} AND status = 'running'
  AND landed_at IS NULL AND cancel_requested_at IS NULL
