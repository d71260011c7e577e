-- Columns whose values name objects, which must be there when the rows are written, each with the query that tells which.
SELECT c.oid::bigint AS node, kind.class::oid::bigint AS named_class,
    format('SELECT DISTINCT o.oid::bigint FROM %I.%I, LATERAL (SELECT %s) AS named (value) JOIN %s AS o ON o.oid = value::oid',
        n.nspname, c.relname,
        CASE WHEN element.oid = value.oid THEN quote_ident(a.attname) ELSE format('unnest(%I)', a.attname) END, kind.class) AS sql
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_type t ON t.oid = a.atttypid
JOIN pg_type value ON value.oid = CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END
JOIN pg_type element ON element.oid = CASE value.typcategory WHEN 'A' THEN value.typelem ELSE value.oid END
JOIN (VALUES ('regclass'::regtype, 'pg_class'::regclass), ('regproc', 'pg_proc'), ('regprocedure', 'pg_proc'), ('regtype', 'pg_type'),
    ('regoper', 'pg_operator'), ('regoperator', 'pg_operator'), ('regconfig', 'pg_ts_config'), ('regdictionary', 'pg_ts_dict'),
    ('regcollation', 'pg_collation'), ('regnamespace', 'pg_namespace')) AS kind (type, class) ON kind.type = element.oid
WHERE c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND n.nspname !~ '^pg_'
  AND n.nspname NOT IN ('information_schema', 'qanat_staging', 'qanat')
