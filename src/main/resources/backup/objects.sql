-- What stands in the schemas that are carried, each with the statement that makes it. The phase is a name of Phase; node is what
-- dependencies.sql calls the object; a comment's is made up of the object's numbers, and its class is negative.
WITH extended AS (
    SELECT classid, objid FROM pg_depend WHERE deptype = 'e'),
schema AS (
    SELECT oid, nspname FROM pg_namespace n
    WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
      AND NOT EXISTS (SELECT FROM extended WHERE classid = 'pg_namespace'::regclass AND objid = n.oid)),
relation AS (
    SELECT c.*, format('%I.%I', s.nspname, c.relname) AS name,
        coalesce(
            ' WITH (' || nullif(concat_ws(', ', array_to_string(c.reloptions, ', '), (
                SELECT string_agg('toast.' || option, ', ')
                FROM pg_class toast, unnest(toast.reloptions) AS option WHERE toast.oid = c.reltoastrelid)), '') || ')', '') AS options
    FROM pg_class c JOIN schema s ON s.oid = c.relnamespace
    WHERE s.nspname <> 'qanat_staging'
      AND NOT EXISTS (SELECT FROM extended WHERE classid = 'pg_class'::regclass AND objid = c.oid)),
sequence AS (
    SELECT r.oid, r.name, r.relpersistence, owned.deptype, owned.refobjid AS of_table, owned.refobjsubid AS of_column,
        format('INCREMENT BY %s MINVALUE %s MAXVALUE %s START WITH %s CACHE %s%s',
            q.seqincrement, q.seqmin, q.seqmax, q.seqstart, q.seqcache, CASE WHEN q.seqcycle THEN ' CYCLE' ELSE '' END) AS options,
        format_type(q.seqtypid, NULL) AS type
    FROM relation r JOIN pg_sequence q ON q.seqrelid = r.oid
    LEFT JOIN pg_depend owned ON owned.classid = 'pg_class'::regclass AND owned.objid = r.oid AND owned.deptype IN ('a', 'i')
        AND owned.refclassid = 'pg_class'::regclass AND owned.refobjsubid > 0),
attribute AS (
    SELECT a.*, t.typstorage, t.typcollation, pg_get_expr(d.adbin, d.adrelid) AS expression,
        a.attnotnull AND NOT EXISTS (
            SELECT FROM pg_constraint n WHERE n.conrelid = a.attrelid AND n.contype = 'n' AND n.conkey = ARRAY[a.attnum]
              AND n.conname <> r.relname || '_' || a.attname || '_not_null') AS unnamed_not_null
    FROM pg_attribute a JOIN relation r ON r.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attnum > 0 AND NOT a.attisdropped)

SELECT 'EXTENSION' AS phase, 'pg_extension'::regclass::oid::bigint AS class, e.oid::bigint AS node, e.extname::text AS name,
    format('CREATE EXTENSION IF NOT EXISTS %I WITH SCHEMA %I', e.extname, n.nspname) AS sql
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname <> 'plpgsql'
UNION ALL
SELECT 'SCHEMA', 'pg_namespace'::regclass::oid::bigint, oid::bigint, nspname::text, format('CREATE SCHEMA IF NOT EXISTS %I', nspname)
FROM schema
UNION ALL
SELECT 'TYPE', 'pg_type'::regclass::oid::bigint, t.oid::bigint, format_type(t.oid, NULL),
    format('CREATE TYPE %s AS ENUM (%s)', format_type(t.oid, NULL), (
        SELECT string_agg(quote_literal(enumlabel), ', ' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid))
FROM pg_type t JOIN schema s ON s.oid = t.typnamespace
WHERE t.typtype = 'e' AND s.nspname <> 'qanat_staging'
  AND NOT EXISTS (SELECT FROM extended WHERE classid = 'pg_type'::regclass AND objid = t.oid)
UNION ALL
SELECT 'TYPE', 'pg_type'::regclass::oid::bigint, t.oid::bigint, format_type(t.oid, NULL),
    format('CREATE DOMAIN %s AS %s%s%s%s%s', format_type(t.oid, NULL), format_type(t.typbasetype, t.typtypmod),
        CASE WHEN t.typcollation <> base.typcollation THEN ' COLLATE ' || t.typcollation::regcollation ELSE '' END,
        coalesce(' DEFAULT ' || pg_get_expr(t.typdefaultbin, 0), ''),
        CASE WHEN t.typnotnull THEN ' NOT NULL' ELSE '' END, (
            SELECT string_agg(format(' CONSTRAINT %I %s', conname, pg_get_constraintdef(oid)), '' ORDER BY conname)
            FROM pg_constraint WHERE contypid = t.oid AND contype = 'c' AND convalidated))
FROM pg_type t JOIN schema s ON s.oid = t.typnamespace JOIN pg_type base ON base.oid = t.typbasetype
WHERE t.typtype = 'd' AND s.nspname <> 'qanat_staging'
  AND NOT EXISTS (SELECT FROM extended WHERE classid = 'pg_type'::regclass AND objid = t.oid)
UNION ALL
SELECT 'TYPE', 'pg_class'::regclass::oid::bigint, r.oid::bigint, r.name,
    format('CREATE TYPE %s AS (%s)', r.name, (
        SELECT string_agg(format('%I %s%s', attname, format_type(atttypid, atttypmod),
            CASE WHEN attcollation <> typcollation THEN ' COLLATE ' || attcollation::regcollation ELSE '' END), ', ' ORDER BY attnum)
        FROM attribute WHERE attrelid = r.oid))
FROM relation r WHERE r.relkind = 'c'
UNION ALL
SELECT 'SEQUENCE', 'pg_class'::regclass::oid::bigint, oid::bigint, name,
    format('CREATE %sSEQUENCE %s AS %s %s', CASE relpersistence WHEN 'u' THEN 'UNLOGGED ' ELSE '' END, name, type, options)
FROM sequence WHERE deptype IS DISTINCT FROM 'i'
UNION ALL
SELECT 'FUNCTION', 'pg_proc'::regclass::oid::bigint, p.oid::bigint, p.oid::regprocedure::text, pg_get_functiondef(p.oid)
FROM pg_proc p JOIN schema s ON s.oid = p.pronamespace
WHERE p.prokind <> 'a' AND s.nspname <> 'qanat_staging'
  AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_proc'::regclass AND objid = p.oid AND deptype IN ('e', 'i'))
UNION ALL
SELECT 'TABLE', 'pg_class'::regclass::oid::bigint, r.oid::bigint, r.name,
    format('CREATE %sTABLE %s (%s)%s', CASE r.relpersistence WHEN 'u' THEN 'UNLOGGED ' ELSE '' END, r.name, (
        SELECT string_agg(
            format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod))
                || CASE WHEN a.attcollation <> a.typcollation THEN ' COLLATE ' || a.attcollation::regcollation ELSE '' END
                || CASE
                    WHEN a.attgenerated = 's' THEN format(' GENERATED ALWAYS AS (%s) STORED', a.expression)
                    WHEN a.attgenerated = 'v' THEN format(' GENERATED ALWAYS AS (%s) VIRTUAL', a.expression)
                    WHEN a.attidentity <> '' THEN (
                        SELECT format(' GENERATED %s AS IDENTITY (SEQUENCE NAME %s %s)',
                            CASE a.attidentity WHEN 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END, q.name, q.options)
                        FROM sequence q WHERE q.deptype = 'i' AND q.of_table = r.oid AND q.of_column = a.attnum)
                    ELSE coalesce(' DEFAULT ' || a.expression, '')
                END
                || CASE
                    WHEN a.unnamed_not_null THEN ' NOT NULL'
                    WHEN a.attnotnull THEN (
                        SELECT format(' CONSTRAINT %I NOT NULL', conname)
                        FROM pg_constraint WHERE conrelid = r.oid AND contype = 'n' AND conkey = ARRAY[a.attnum])
                    ELSE ''
                END,
            ', ' ORDER BY a.attnum)
        FROM attribute a WHERE a.attrelid = r.oid), r.options)
    || coalesce((
        SELECT string_agg(setting, '' ORDER BY a.attnum)
        FROM attribute a, LATERAL (VALUES
            (CASE WHEN a.attstorage <> a.typstorage THEN 'SET STORAGE '
                || CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END END),
            (CASE a.attcompression WHEN 'p' THEN 'SET COMPRESSION pglz' WHEN 'l' THEN 'SET COMPRESSION lz4' END),
            (CASE WHEN a.attstattarget >= 0 THEN format('SET STATISTICS %s', a.attstattarget) END),
            ('SET (' || array_to_string(a.attoptions, ', ') || ')')) AS changed (change),
            format(E';\nALTER TABLE %s ALTER COLUMN %I %s', r.name, a.attname, change) AS setting
        WHERE a.attrelid = r.oid AND change IS NOT NULL), '')
FROM relation r WHERE r.relkind = 'r'
UNION ALL
SELECT 'OWNED_SEQUENCE', 'pg_sequence'::regclass::oid::bigint, q.oid::bigint, q.name,
    format('ALTER SEQUENCE %s OWNED BY %s.%I', q.name, r.name, a.attname)
FROM sequence q JOIN relation r ON r.oid = q.of_table JOIN attribute a ON a.attrelid = r.oid AND a.attnum = q.of_column
WHERE q.deptype = 'a'
UNION ALL
SELECT CASE k.contype WHEN 'f' THEN 'FOREIGN_KEY' ELSE 'CONSTRAINT' END, 'pg_constraint'::regclass::oid::bigint, k.oid::bigint,
    r.name || ' ' || k.conname, format('ALTER TABLE %s ADD CONSTRAINT %I %s', r.name, k.conname, pg_get_constraintdef(k.oid))
    || CASE WHEN k.contype <> 'f' AND i.indisclustered THEN format(E';\nALTER TABLE %s CLUSTER ON %I', r.name, k.conname) ELSE '' END
FROM pg_constraint k JOIN relation r ON r.oid = k.conrelid AND r.relkind = 'r'
LEFT JOIN pg_index i ON i.indexrelid = k.conindid
WHERE k.contype IN ('c', 'f', 'p', 'u', 'x') AND k.conparentid = 0
UNION ALL
SELECT 'CONSTRAINT', 'pg_constraint'::regclass::oid::bigint, k.oid::bigint, t.oid::regtype || ' ' || k.conname,
    format('ALTER DOMAIN %s ADD CONSTRAINT %I %s', t.oid::regtype, k.conname, pg_get_constraintdef(k.oid))
FROM pg_constraint k JOIN pg_type t ON t.oid = k.contypid JOIN schema s ON s.oid = t.typnamespace
WHERE k.contype = 'c' AND NOT k.convalidated AND s.nspname <> 'qanat_staging'
  AND NOT EXISTS (SELECT FROM extended WHERE classid = 'pg_type'::regclass AND objid = t.oid)
UNION ALL
SELECT 'INDEX', 'pg_class'::regclass::oid::bigint, i.indexrelid::bigint, r.name || ' ' || x.relname, pg_get_indexdef(i.indexrelid)
    || CASE WHEN i.indisclustered
        THEN format(E';\nALTER %s %s CLUSTER ON %I', CASE r.relkind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END, r.name, x.relname)
        ELSE '' END
FROM pg_index i JOIN relation r ON r.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid
WHERE i.indisvalid AND r.relkind IN ('r', 'm') AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = i.indexrelid AND contype <> 'f')
UNION ALL
SELECT 'INDEX', 'pg_statistic_ext'::regclass::oid::bigint, t.oid::bigint, t.stxname::text, pg_get_statisticsobjdef(t.oid)
FROM pg_statistic_ext t JOIN relation r ON r.oid = t.stxrelid
UNION ALL
SELECT 'VIEW', 'pg_class'::regclass::oid::bigint, r.oid::bigint, r.name,
    format(E'CREATE VIEW %s%s AS\n%s', r.name, r.options, rtrim(pg_get_viewdef(r.oid), ';'))
    || coalesce((
        SELECT string_agg(format(E';\nALTER VIEW %s ALTER COLUMN %I SET DEFAULT %s', r.name, attname, expression), '' ORDER BY attnum)
        FROM attribute WHERE attrelid = r.oid AND expression IS NOT NULL), '')
FROM relation r WHERE r.relkind = 'v'
UNION ALL
SELECT 'MATERIALIZED_VIEW', 'pg_class'::regclass::oid::bigint, r.oid::bigint, r.name,
    format(E'CREATE MATERIALIZED VIEW %s%s AS\n%s%s', r.name, r.options, rtrim(pg_get_viewdef(r.oid), ';'),
        CASE WHEN r.relispopulated THEN '' ELSE E'\nWITH NO DATA' END)
FROM relation r WHERE r.relkind = 'm'
UNION ALL
SELECT 'RULE', 'pg_rewrite'::regclass::oid::bigint, w.oid::bigint, r.name || ' ' || w.rulename, pg_get_ruledef(w.oid)
    || CASE w.ev_enabled WHEN 'O' THEN '' ELSE format(E'\nALTER TABLE %s %s RULE %I', r.name,
        CASE w.ev_enabled WHEN 'A' THEN 'ENABLE ALWAYS' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'DISABLE' END, w.rulename) END
FROM pg_rewrite w JOIN relation r ON r.oid = w.ev_class
WHERE w.rulename <> '_RETURN'
UNION ALL
SELECT 'TRIGGER', 'pg_trigger'::regclass::oid::bigint, t.oid::bigint, r.name || ' ' || t.tgname, pg_get_triggerdef(t.oid)
    || CASE t.tgenabled WHEN 'O' THEN '' ELSE format(E';\nALTER TABLE %s %s TRIGGER %I', r.name,
        CASE t.tgenabled WHEN 'A' THEN 'ENABLE ALWAYS' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'DISABLE' END, t.tgname) END
FROM pg_trigger t JOIN relation r ON r.oid = t.tgrelid
WHERE NOT t.tgisinternal
UNION ALL
SELECT 'COMMENT', -d.classoid::bigint, d.objoid::bigint * 2048 + d.objsubid, named.identity,
    format('COMMENT ON %s %s IS %L',
        CASE named.type WHEN 'table constraint' THEN 'CONSTRAINT' WHEN 'domain constraint' THEN 'CONSTRAINT' WHEN 'composite type' THEN 'TYPE'
            WHEN 'statistics object' THEN 'STATISTICS' ELSE CASE WHEN named.type LIKE '% column' THEN 'COLUMN' ELSE upper(named.type) END END,
        CASE named.type WHEN 'domain constraint' THEN format('%I ON DOMAIN %s', k.conname, k.contypid::regtype) ELSE named.identity END,
        d.description)
FROM pg_description d LEFT JOIN pg_constraint k ON d.classoid = 'pg_constraint'::regclass AND k.oid = d.objoid,
    pg_identify_object(d.classoid, d.objoid, d.objsubid) AS named
WHERE d.classoid = 'pg_class'::regclass AND d.objoid IN (SELECT oid FROM relation WHERE relkind IN ('r', 'v', 'm', 'S', 'c', 'i'))
   OR d.classoid = 'pg_namespace'::regclass AND d.objoid IN (SELECT oid FROM schema WHERE nspname <> 'public')
   OR d.classoid = 'pg_proc'::regclass AND d.objoid IN (
        SELECT p.oid FROM pg_proc p JOIN schema s ON s.oid = p.pronamespace
        WHERE p.prokind <> 'a' AND NOT EXISTS (SELECT FROM extended WHERE classid = 'pg_proc'::regclass AND objid = p.oid))
   OR d.classoid = 'pg_type'::regclass AND d.objoid IN (
        SELECT t.oid FROM pg_type t JOIN schema s ON s.oid = t.typnamespace
        WHERE (t.typtype IN ('e', 'd') OR t.typrelid IN (SELECT oid FROM relation WHERE relkind = 'c'))
          AND NOT EXISTS (SELECT FROM extended WHERE classid = 'pg_type'::regclass AND objid = t.oid))
   OR d.classoid = 'pg_trigger'::regclass AND d.objoid IN (SELECT oid FROM pg_trigger WHERE tgrelid IN (SELECT oid FROM relation))
   OR d.classoid = 'pg_constraint'::regclass AND d.objoid IN (
        SELECT oid FROM pg_constraint WHERE contype <> 'n' AND (conrelid IN (SELECT oid FROM relation) OR contypid IN (
            SELECT t.oid FROM pg_type t JOIN schema s ON s.oid = t.typnamespace
            WHERE NOT EXISTS (SELECT FROM extended WHERE classid = 'pg_type'::regclass AND objid = t.oid))))
   OR d.classoid = 'pg_rewrite'::regclass AND d.objoid IN (SELECT oid FROM pg_rewrite WHERE ev_class IN (SELECT oid FROM relation))
   OR d.classoid = 'pg_statistic_ext'::regclass AND d.objoid IN (SELECT oid FROM pg_statistic_ext WHERE stxrelid IN (SELECT oid FROM relation))
