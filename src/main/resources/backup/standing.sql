-- How many objects stand in schemas that something is to be made in.
SELECT n.nspname::text AS schema, count(*) AS objects
FROM pg_depend d JOIN pg_namespace n ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = n.oid
WHERE n.nspname IN (?) AND d.deptype = 'n'
  AND d.classid IN ('pg_class'::regclass, 'pg_proc'::regclass, 'pg_type'::regclass)
  AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = d.classid AND e.objid = d.objid AND e.deptype = 'e')
GROUP BY n.nspname ORDER BY n.nspname
