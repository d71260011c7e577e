-- The file's bytes are known from now on.
INSERT INTO qanat.file (pipeline, resource, sha256, name, size, run_id)
VALUES (:#${exchangeProperty.load.run.pipeline}, :#${exchangeProperty.load.resourceName}, :#${exchangeProperty.load.sha256},
        :#${exchangeProperty.load.sourceName}, :#${exchangeProperty.load.bytesRead}, :#${exchangeProperty.load.run.id})
ON CONFLICT (pipeline, resource, sha256)
DO UPDATE SET run_id = excluded.run_id, name = excluded.name, landed_at = excluded.landed_at
