-- What the answers that land now may be asked by whether they have changed.
INSERT INTO qanat.validator (pipeline, resource, request, etag, last_modified, run_id)
SELECT :#${exchangeProperty.load.run.pipeline}, :#${exchangeProperty.load.resourceName}, request, etag, last_modified, :#${exchangeProperty.load.run.id}
FROM jsonb_to_recordset(CAST(:#${exchangeProperty.load.landedValidators} AS jsonb)) AS landed (request text, etag text, last_modified text)
ON CONFLICT (pipeline, resource, request)
DO UPDATE SET etag = excluded.etag, last_modified = excluded.last_modified, run_id = excluded.run_id, updated_at = now()
