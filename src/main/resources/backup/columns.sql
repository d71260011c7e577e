-- The columns of a table whose values are carried: those that PostgreSQL computes are computed again.
SELECT coalesce(string_agg(quote_ident(attname), ', ' ORDER BY attnum), '')
FROM pg_attribute WHERE attrelid = ?::oid AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
