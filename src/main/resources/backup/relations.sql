-- The tables, views and materialized views of all schemas but PostgreSQL's own, the staging area, and what extensions bring. What
-- neither Qanat keeps nor a pipeline loads is mostly made by models, which put another table in its place.
SELECT c.oid::bigint, format('%I.%I', n.nspname, c.relname) AS name, c.relkind = 'r' AS is_table,
    n.nspname NOT IN ('qanat', 'bronze') AND coalesce(obj_description(c.oid, 'pg_class') NOT LIKE 'Loaded by pipeline %', true) AS is_replaced
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'v', 'm') AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'qanat_staging')
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY c.oid
