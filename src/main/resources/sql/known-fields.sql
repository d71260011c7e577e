-- The resource's fields as they are known, whether some of that was learned in this run (or in one that it does again), and whether all.
WITH RECURSIVE same AS (
    SELECT id, redoes FROM qanat.run WHERE id = :#${exchangeProperty.load.run.id}
    UNION ALL
    SELECT run.id, run.redoes FROM same JOIN qanat.run ON run.id = same.redoes)
SELECT CAST(fields AS text) AS fields, CAST(unseen AS text) AS unseen,
       run_id IN (SELECT id FROM same) AS same_run, first_run_id IN (SELECT id FROM same) AS first_run
FROM qanat.known_fields
WHERE pipeline = :#${exchangeProperty.load.run.pipeline} AND resource = :#${exchangeProperty.load.resourceName}
