-- What became of the partitions whose records land now.
INSERT INTO qanat.poll_partition (run_id, resource, partition, status, token, cursor)
SELECT :#${exchangeProperty.load.run.id}, :#${exchangeProperty.load.resourceName}, partition, status, token, cursor
FROM jsonb_to_recordset(CAST(:#${exchangeProperty.load.landedPartitions} AS jsonb)) AS landed (partition text, status text, token text, cursor text)
ON CONFLICT (run_id, resource, partition)
DO UPDATE SET status = excluded.status, token = excluded.token, cursor = excluded.cursor, error_code = NULL, error_message = NULL
