-- What became of the partitions whose records land now.
INSERT INTO qanat.poll_partition (run_id, resource, partition, status, token, cursor, error_code, error_message)
SELECT :#${exchangeProperty.load.run.id}, :#${exchangeProperty.load.resourceName}, landed.*
FROM jsonb_to_recordset(CAST(:#${exchangeProperty.load.landedPartitions} AS jsonb))
     AS landed (partition text, status text, token text, cursor text, error_code text, error_message text)
ON CONFLICT (run_id, resource, partition)
DO UPDATE SET status = excluded.status, token = excluded.token, cursor = excluded.cursor, error_code = excluded.error_code,
              error_message = excluded.error_message
