-- The role grafana_reader: it reads the tables and views of the schema gold, those there are and those to come, and no others.
--
-- What PostgreSQL lets everybody do is taken from everybody, and given to the owner alone: temporary tables by whoever may, large objects
-- by a superuser. Advisory locks, NOTIFY and the catalogs stay open to every role that may connect.
--
-- PostgreSQL's image runs this when its volume is made. A database that is there already takes it as well, any number of times:
--
--   GRAFANA_READER_PASSWORD=… psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -f deploy/postgres/10-grafana-reader.sql
--
-- Run it as a user who may make roles. Where that is not the one whom Qanat connects as, name that one: -v owner=qanat
\getenv password GRAFANA_READER_PASSWORD
\if :{?password}
\else
  DO $$BEGIN RAISE 'set GRAFANA_READER_PASSWORD to the password of the role grafana_reader'; END$$;
\endif
\if :{?owner}
\else
  SELECT current_user AS owner \gset
\endif

SELECT current_setting('is_superuser')::boolean AS superuser \gset

BEGIN;
\if :superuser
  -- In a log of statements the password would be seen.
  SET LOCAL log_statement = 'none';
\endif
SELECT 'CREATE ROLE grafana_reader' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'grafana_reader') \gexec
ALTER ROLE grafana_reader LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT CONNECTION LIMIT 10 PASSWORD :'password';
ALTER ROLE grafana_reader SET default_transaction_read_only = on;
ALTER ROLE grafana_reader SET statement_timeout = '30s';
ALTER ROLE grafana_reader SET idle_in_transaction_session_timeout = '60s';
ALTER ROLE grafana_reader SET search_path = gold;

SELECT format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database()),
       format('GRANT TEMPORARY ON DATABASE %I TO %I', current_database(), :'owner') \gexec
\if :superuser
  REVOKE EXECUTE ON FUNCTION lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea) FROM PUBLIC;
  GRANT EXECUTE ON FUNCTION lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea) TO :"owner";
\endif

-- Before Qanat has built a model there is no such schema, and privileges on what comes need one.
CREATE SCHEMA IF NOT EXISTS gold AUTHORIZATION :"owner";
GRANT USAGE ON SCHEMA gold TO grafana_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA gold TO grafana_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA gold GRANT SELECT ON TABLES TO grafana_reader;
COMMIT;
