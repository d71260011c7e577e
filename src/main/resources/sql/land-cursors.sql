-- Where the next poll of each complete partition starts. A backfill leaves it alone.
INSERT INTO qanat.cursor (pipeline, resource, partition, value, run_id)
SELECT :#${exchangeProperty.load.run.pipeline}, :#${exchangeProperty.load.resourceName}, partition, value, :#${exchangeProperty.load.run.id}
FROM jsonb_to_recordset(CAST(:#${exchangeProperty.load.landedCursors} AS jsonb)) AS landed (partition text, value text)
ON CONFLICT (pipeline, resource, partition)
DO UPDATE SET value = excluded.value, run_id = excluded.run_id, updated_at = now()
