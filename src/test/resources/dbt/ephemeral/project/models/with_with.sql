-- a comment
/* and
another */
WITH RECURSIVE r AS (select 1) select * from r, {{ ref('base') }}