-- error
select
  count(*) as failures,
  count(*) != 0 as should_warn,
  count(*) != 0 as should_error
from (
select * from "qanat"."main"."returns" r, "qanat"."silver"."prices"
) dbt_internal_test
