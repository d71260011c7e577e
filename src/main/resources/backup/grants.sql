-- What others than the owner may do. A role is named where it must be there for the statement; PUBLIC always is.
WITH extended AS (
    SELECT classid, objid FROM pg_depend WHERE deptype = 'e'),
schema AS (
    SELECT oid, nspname, nspacl, nspowner FROM pg_namespace n
    WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'qanat_staging')
      AND NOT EXISTS (SELECT FROM extended WHERE classid = 'pg_namespace'::regclass AND objid = n.oid)),
held (object, privileges, owner, columns, class, node) AS (
    SELECT format('SCHEMA %I', nspname), nspacl, nspowner, '', 'pg_namespace'::regclass, oid FROM schema
    UNION ALL
    SELECT format('%s %I.%I', CASE relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, nspname, relname), relacl, relowner, '', 'pg_class'::regclass, c.oid
    FROM pg_class c JOIN schema s ON s.oid = c.relnamespace
    WHERE relkind IN ('r', 'v', 'm', 'S') AND NOT EXISTS (SELECT FROM extended WHERE classid = 'pg_class'::regclass AND objid = c.oid)
    UNION ALL
    SELECT format('TABLE %I.%I', nspname, relname), attacl, relowner, format(' (%I)', attname), 'pg_class'::regclass, c.oid
    FROM pg_class c JOIN schema s ON s.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid AND NOT attisdropped
    WHERE relkind IN ('r', 'v', 'm') AND NOT EXISTS (SELECT FROM extended WHERE classid = 'pg_class'::regclass AND objid = c.oid)
    UNION ALL
    SELECT format('ROUTINE %s', p.oid::regprocedure), proacl, proowner, '', 'pg_proc'::regclass, p.oid
    FROM pg_proc p JOIN schema s ON s.oid = p.pronamespace
    WHERE prokind <> 'a' AND NOT EXISTS (SELECT FROM extended WHERE classid = 'pg_proc'::regclass AND objid = p.oid)
    UNION ALL
    SELECT format('TYPE %s', t.oid::regtype), typacl, typowner, '', 'pg_type'::regclass, t.oid
    FROM pg_type t JOIN schema s ON s.oid = t.typnamespace LEFT JOIN pg_class c ON c.oid = t.typrelid
    WHERE (typtype IN ('e', 'd') OR c.relkind = 'c')
      AND NOT EXISTS (SELECT FROM extended WHERE classid = 'pg_type'::regclass AND objid = t.oid))
SELECT NULL AS role, format('REVOKE ALL ON %s FROM PUBLIC', object) AS sql, class::oid::bigint AS class, node::bigint AS node
FROM held
WHERE (object LIKE 'ROUTINE %' OR object LIKE 'TYPE %') AND privileges IS NOT NULL AND NOT EXISTS (SELECT FROM aclexplode(privileges) WHERE grantee = 0)
UNION ALL
SELECT CASE grantee WHEN 0 THEN NULL ELSE pg_get_userbyid(grantee)::text END,
    format('GRANT %s%s ON %s TO %s%s', privilege_type, columns, object,
        CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END,
        CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END), class::oid::bigint, node::bigint
FROM held, aclexplode(privileges)
WHERE grantee <> owner AND privilege_type <> 'MAINTAIN'
  -- As every database has it, and mostly another's to give.
  AND NOT (object = 'SCHEMA public' AND grantee = 0 AND privilege_type = 'USAGE')
UNION ALL
-- Of what is made later, by whoever makes it. What PUBLIC may do with all functions and types can only be taken away everywhere.
SELECT NULL, format('ALTER DEFAULT PRIVILEGES REVOKE ALL ON %s FROM PUBLIC', CASE defaclobjtype WHEN 'f' THEN 'FUNCTIONS' ELSE 'TYPES' END), NULL, NULL
FROM pg_default_acl
WHERE defaclobjtype IN ('f', 'T') AND defaclnamespace = 0 AND defaclrole = (SELECT oid FROM pg_roles WHERE rolname = current_user)
  AND NOT EXISTS (SELECT FROM aclexplode(defaclacl) WHERE grantee = 0)
UNION ALL
SELECT CASE grantee WHEN 0 THEN NULL ELSE pg_get_userbyid(grantee)::text END,
    format('ALTER DEFAULT PRIVILEGES%s GRANT %s ON %s TO %s%s', coalesce(' IN SCHEMA ' || quote_ident(nspname), ''), privilege_type,
        CASE defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS' WHEN 'T' THEN 'TYPES'
            ELSE 'SCHEMAS' END,
        CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END,
        CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END), NULL, NULL
FROM pg_default_acl LEFT JOIN schema s ON s.oid = defaclnamespace, aclexplode(defaclacl)
WHERE grantee <> defaclrole AND privilege_type <> 'MAINTAIN' AND defaclobjtype <> 'L' AND defaclrole = (SELECT oid FROM pg_roles WHERE rolname = current_user)
  AND (defaclnamespace = 0 OR s.oid IS NOT NULL)
ORDER BY 2
