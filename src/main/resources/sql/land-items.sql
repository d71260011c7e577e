-- What became of the items of one of the resource's arrays. A poll may land some more of them later.
INSERT INTO qanat.run_resource
       (run_id, resource, table_name, read, inserted, updated, unchanged, duplicate, filtered, rejected)
VALUES (:#${exchangeProperty.load.run.id}, :#${exchangeProperty.table.resourceName}, :#${exchangeProperty.table.tableName},
        :#${exchangeProperty.table.read}, :#${exchangeProperty.table.inserted}, :#${exchangeProperty.table.updated},
        :#${exchangeProperty.table.unchanged}, :#${exchangeProperty.table.duplicate}, :#${exchangeProperty.table.filtered},
        :#${exchangeProperty.table.rejected})
ON CONFLICT (run_id, resource)
DO UPDATE SET read = run_resource.read + excluded.read, inserted = run_resource.inserted + excluded.inserted,
              updated = run_resource.updated + excluded.updated, unchanged = run_resource.unchanged + excluded.unchanged,
              duplicate = run_resource.duplicate + excluded.duplicate, filtered = run_resource.filtered + excluded.filtered,
              rejected = run_resource.rejected + excluded.rejected
