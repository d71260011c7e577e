-- A number that grows whenever something of the resource lands that bronze did not hold before.
SELECT coalesce(sum(1 + landed.read - landed.rejected), 0) AS landed
FROM qanat.run_resource AS landed JOIN qanat.run ON run.id = landed.run_id
WHERE run.pipeline = :#${exchangeProperty.load.run.pipeline} AND landed.resource = :#${exchangeProperty.load.resourceName}
  AND NOT run.from_bronze
