-- error
select
  count(*) as failures,
  count(*) != 0 as should_warn,
  count(*) != 0 as should_error
from (
with __dbt__cte__base as (

select 1 as id
),  __dbt__cte__middle as (

select id + 1 as id from __dbt__cte__base
) select id
from __dbt__cte__middle
where id is null
) dbt_internal_test
