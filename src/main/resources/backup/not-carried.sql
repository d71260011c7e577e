-- What stands in the schemas and is not carried, as PostgreSQL describes it.
WITH extended AS (
    SELECT classid, objid FROM pg_depend WHERE deptype = 'e'),
schema AS (
    SELECT oid FROM pg_namespace n
    WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'qanat_staging')
      AND NOT EXISTS (SELECT FROM extended WHERE classid = 'pg_namespace'::regclass AND objid = n.oid)),
relation AS (
    SELECT c.* FROM pg_class c
    WHERE relnamespace IN (SELECT oid FROM schema)
      AND NOT EXISTS (SELECT FROM extended WHERE classid = 'pg_class'::regclass AND objid = c.oid)),
other (class, object, why) AS (
    SELECT 'pg_class'::regclass, oid, '' FROM relation WHERE relkind IN ('p', 'f')
    UNION ALL SELECT 'pg_class', oid, ' is a partition' FROM relation WHERE relkind = 'r' AND relispartition
    UNION ALL SELECT 'pg_class', oid, ' inherits' FROM relation
        WHERE relkind = 'r' AND NOT relispartition AND oid IN (SELECT inhrelid FROM pg_inherits)
    UNION ALL SELECT 'pg_class', oid, ' has an access method of its own' FROM relation
        WHERE relkind IN ('r', 'm') AND relam <> (SELECT oid FROM pg_am WHERE amname = 'heap')
    UNION ALL SELECT 'pg_class', oid, ' is of a composite type' FROM relation WHERE relkind = 'r' AND reloftype <> 0
    UNION ALL SELECT 'pg_class', oid, ' has row security' FROM relation WHERE relrowsecurity
    UNION ALL SELECT 'pg_class', oid, ' has a replica identity of its own' FROM relation WHERE relkind = 'r' AND relreplident <> 'd'
    UNION ALL SELECT 'pg_class', oid, ' has no columns to copy' FROM relation
        WHERE relkind = 'r' AND NOT EXISTS (
            SELECT FROM pg_attribute WHERE attrelid = relation.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = '')
    UNION ALL SELECT 'pg_policy', oid, '' FROM pg_policy WHERE polrelid IN (SELECT oid FROM relation)
    UNION ALL SELECT 'pg_proc', oid, '' FROM pg_proc WHERE prokind = 'a' AND pronamespace IN (SELECT oid FROM schema)
    UNION ALL SELECT 'pg_type', oid, '' FROM pg_type t
        WHERE typtype IN ('b', 'r', 'p') AND typnamespace IN (SELECT oid FROM schema)
          AND NOT EXISTS (SELECT FROM pg_type element WHERE element.typarray = t.oid)
    UNION ALL SELECT 'pg_constraint', k.oid, ' is not valid' FROM pg_constraint k
        WHERE contype = 'n' AND NOT convalidated AND conrelid IN (SELECT oid FROM relation)
    UNION ALL SELECT 'pg_extension', oid, ' has rows of its own' FROM pg_extension WHERE extconfig IS NOT NULL
    UNION ALL SELECT DISTINCT classid, objid, '' FROM pg_depend
        WHERE refclassid = 'pg_namespace'::regclass AND refobjid IN (SELECT oid FROM schema)
          AND classid NOT IN ('pg_class'::regclass, 'pg_type'::regclass, 'pg_proc'::regclass, 'pg_statistic_ext'::regclass,
              'pg_extension'::regclass, 'pg_default_acl'::regclass)
    UNION ALL SELECT 'pg_cast', oid, '' FROM pg_cast WHERE oid >= 16384
    UNION ALL SELECT 'pg_event_trigger', oid, '' FROM pg_event_trigger
    UNION ALL SELECT 'pg_publication', oid, '' FROM pg_publication
    UNION ALL SELECT 'pg_foreign_server', oid, '' FROM pg_foreign_server
    UNION ALL SELECT 'pg_largeobject'::regclass, oid, '' FROM pg_largeobject_metadata)
SELECT pg_describe_object(class, object, 0) || why
FROM other
WHERE NOT EXISTS (SELECT FROM extended WHERE classid = class AND objid = object)
ORDER BY 1
