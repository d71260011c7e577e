-- What an extension brings.
SELECT classid::bigint AS class, objid::bigint AS node FROM pg_depend WHERE deptype = 'e'
