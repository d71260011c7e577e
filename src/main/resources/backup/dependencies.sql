-- Which object needs which, in the terms of objects.sql. What inherits is made by itself.
SELECT classid::bigint AS class, objid::bigint AS node, refclassid::bigint AS needed_class, refobjid::bigint AS needed_node
FROM pg_depend d
WHERE deptype IN ('n', 'a')
  -- A sequence that a column owns goes when the column goes; it is made before.
  AND NOT (deptype = 'a' AND classid = 'pg_class'::regclass
           AND EXISTS (SELECT FROM pg_class WHERE oid = objid AND relkind = 'S'))
  AND NOT (classid = 'pg_class'::regclass AND refclassid = 'pg_class'::regclass
           AND EXISTS (SELECT FROM pg_inherits WHERE inhrelid = objid AND inhparent = refobjid))
UNION
SELECT 'pg_sequence'::regclass::oid::bigint, objid::bigint, 'pg_class'::regclass::oid::bigint, unnest(ARRAY[objid, refobjid])::bigint
FROM pg_depend
WHERE deptype = 'a' AND classid = 'pg_class'::regclass AND refclassid = 'pg_class'::regclass AND refobjsubid > 0
  AND EXISTS (SELECT FROM pg_class WHERE oid = objid AND relkind = 'S')
UNION
SELECT -classoid::bigint, objoid::bigint * 2048 + objsubid, classoid::bigint, objoid::bigint FROM pg_description
