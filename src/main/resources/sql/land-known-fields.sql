-- The resource's fields as they are known from now on. A run that reads only a part of them leaves alone what another has still to see.
INSERT INTO qanat.known_fields (pipeline, resource, fields, unseen, run_id, first_run_id)
VALUES (:#${exchangeProperty.load.run.pipeline}, :#${exchangeProperty.load.resourceName},
        CAST(:#${exchangeProperty.load.schemaChanges.fields} AS jsonb),
        CAST(nullif(CAST(:#${exchangeProperty.load.schemaChanges.unseen} AS text), '') AS jsonb),
        :#${exchangeProperty.load.run.id}, :#${exchangeProperty.load.run.id})
ON CONFLICT (pipeline, resource)
DO UPDATE SET fields = excluded.fields, updated_at = now(), unseen = coalesce(excluded.unseen, known_fields.unseen),
              run_id = CASE WHEN excluded.unseen IS NULL THEN known_fields.run_id ELSE excluded.run_id END
