-- Which object needs which, in the terms of objects.sql: a default belongs to its table, a row type too, a rule to its view, the
-- index of a key to the key, the sequence of an identity column to the table.
WITH part (class, object, of_class, of_object) AS (
    SELECT 'pg_attrdef'::regclass::oid, oid, 'pg_class'::regclass::oid, adrelid FROM pg_attrdef
    UNION ALL SELECT 'pg_rewrite'::regclass, oid, 'pg_class'::regclass, ev_class FROM pg_rewrite WHERE rulename = '_RETURN'
    UNION ALL SELECT 'pg_type'::regclass, oid, 'pg_class'::regclass, typrelid FROM pg_type WHERE typrelid <> 0
    UNION ALL SELECT 'pg_type'::regclass, a.oid,
        CASE e.typrelid WHEN 0 THEN 'pg_type'::regclass ELSE 'pg_class'::regclass END, CASE e.typrelid WHEN 0 THEN e.oid ELSE e.typrelid END
        FROM pg_type a JOIN pg_type e ON e.typarray = a.oid
    UNION ALL SELECT 'pg_constraint'::regclass, oid, 'pg_type'::regclass, contypid FROM pg_constraint WHERE contypid <> 0 AND convalidated
    UNION ALL SELECT 'pg_class'::regclass, conindid, 'pg_constraint'::regclass, oid FROM pg_constraint WHERE contype IN ('p', 'u', 'x')
    UNION ALL SELECT classid, objid, refclassid, refobjid FROM pg_depend
        WHERE classid = 'pg_class'::regclass AND refclassid = 'pg_class'::regclass AND deptype = 'i')
SELECT DISTINCT coalesce(p.of_class, d.classid)::bigint AS class, coalesce(p.of_object, d.objid)::bigint AS node,
    coalesce(n.of_class, d.refclassid)::bigint AS needed_class, coalesce(n.of_object, d.refobjid)::bigint AS needed_node
FROM pg_depend d
LEFT JOIN part p ON p.class = d.classid AND p.object = d.objid
LEFT JOIN part n ON n.class = d.refclassid AND n.object = d.refobjid
WHERE d.deptype IN ('n', 'a')
  -- A sequence that a column owns goes when the column goes; it is made before.
  AND NOT (d.deptype = 'a' AND d.classid = 'pg_class'::regclass
           AND EXISTS (SELECT FROM pg_class WHERE oid = d.objid AND relkind = 'S'))
