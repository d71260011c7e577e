-- How the fields of the records that land now differ from those known before. A poll may see more kinds of a field's values later.
INSERT INTO qanat.schema_change (run_id, resource, path, change, from_kinds, to_kinds, column_name, action)
SELECT :#${exchangeProperty.load.run.id}, :#${exchangeProperty.load.resourceName}, path, change, from_kinds, to_kinds, column_name, action
FROM jsonb_to_recordset(CAST(:#${exchangeProperty.load.schemaChanges.changes} AS jsonb))
     AS told (path text, change text, from_kinds text, to_kinds text, column_name text, action text)
ON CONFLICT (run_id, resource, path, change)
DO UPDATE SET to_kinds = excluded.to_kinds, column_name = excluded.column_name, action = excluded.action
