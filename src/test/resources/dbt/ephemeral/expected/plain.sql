-- view "qanat"."main"."plain"
with __dbt__cte__base as (

select 1 as id
),  __dbt__cte__middle as (

select id + 1 as id from __dbt__cte__base
) select * from __dbt__cte__middle join __dbt__cte__base using (id)
