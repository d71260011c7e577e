-- What became of the resource's records.
INSERT INTO qanat.run_resource
       (run_id, resource, table_name, read, inserted, updated, unchanged, duplicate, filtered, rejected)
VALUES (:#${exchangeProperty.load.run.id}, :#${exchangeProperty.load.resourceName}, :#${exchangeProperty.load.tableName},
        :#${exchangeProperty.load.read}, :#${exchangeProperty.load.landing.inserted},
        :#${exchangeProperty.load.landing.updated}, :#${exchangeProperty.load.landing.unchanged},
        :#${exchangeProperty.load.landing.duplicate}, :#${exchangeProperty.load.landing.filtered},
        :#${exchangeProperty.load.rejected})
