-- warn
select
  count(*) as failures,
  count(*) != 0 as should_warn,
  count(*) >5 as should_error
from (
select max(day) from "qanat"."silver"."prices" having max(day) < current_date - 3
) dbt_internal_test
