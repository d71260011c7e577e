-- view "qanat"."main"."with_with"
-- a comment
/* and
another */
WITH RECURSIVE __dbt__cte__base as (

select 1 as id
),  r AS (select 1) select * from r, __dbt__cte__base
