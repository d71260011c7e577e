-- What became of the resource's records. A poll may land some more of a resource later.
INSERT INTO qanat.run_resource
       (run_id, resource, table_name, read, inserted, updated, unchanged, duplicate, filtered, rejected, schema_changes)
VALUES (:#${exchangeProperty.load.run.id}, :#${exchangeProperty.load.resourceName}, :#${exchangeProperty.load.tableName},
        :#${exchangeProperty.load.read}, :#${exchangeProperty.load.landing.table.inserted},
        :#${exchangeProperty.load.landing.table.updated}, :#${exchangeProperty.load.landing.table.unchanged},
        :#${exchangeProperty.load.landing.table.duplicate}, :#${exchangeProperty.load.landing.filtered},
        :#${exchangeProperty.load.rejected}, :#${exchangeProperty.load.schemaChanges.count})
ON CONFLICT (run_id, resource)
DO UPDATE SET read = run_resource.read + excluded.read, inserted = run_resource.inserted + excluded.inserted,
              updated = run_resource.updated + excluded.updated, unchanged = run_resource.unchanged + excluded.unchanged,
              duplicate = run_resource.duplicate + excluded.duplicate, filtered = run_resource.filtered + excluded.filtered,
              rejected = run_resource.rejected + excluded.rejected,
              schema_changes = run_resource.schema_changes + excluded.schema_changes
