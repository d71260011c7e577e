-- What belongs to another object and is made with it: a default to its table, a row type too, a rule to its view, the index of a key
-- to the key, the sequence of an identity column to the table, the functions and the multirange of a range to that.
SELECT 'pg_attrdef'::regclass::oid::bigint AS class, oid::bigint AS node, 'pg_class'::regclass::oid::bigint AS of_class, adrelid::bigint AS of_node
FROM pg_attrdef
UNION ALL SELECT 'pg_rewrite'::regclass::oid, oid, 'pg_class'::regclass::oid, ev_class FROM pg_rewrite WHERE rulename = '_RETURN'
UNION ALL SELECT 'pg_type'::regclass::oid, oid, 'pg_class'::regclass::oid, typrelid FROM pg_type WHERE typrelid <> 0
UNION ALL SELECT 'pg_type'::regclass::oid, a.oid, 'pg_type'::regclass::oid, e.oid FROM pg_type a JOIN pg_type e ON e.typarray = a.oid
UNION ALL SELECT 'pg_constraint'::regclass::oid, oid, 'pg_type'::regclass::oid, contypid FROM pg_constraint WHERE contypid <> 0 AND convalidated
UNION ALL SELECT 'pg_class'::regclass::oid, conindid, 'pg_constraint'::regclass::oid, oid FROM pg_constraint WHERE contype IN ('p', 'u', 'x')
UNION ALL SELECT classid, objid, refclassid, refobjid FROM pg_depend
WHERE deptype = 'i' AND objid <> refobjid AND (classid = 'pg_class'::regclass AND refclassid = 'pg_class'::regclass
    OR classid IN ('pg_type'::regclass, 'pg_proc'::regclass) AND refclassid = 'pg_type'::regclass)
