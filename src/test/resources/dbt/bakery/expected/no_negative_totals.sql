-- warn
select
  count(*) as failures,
  count(*) >10 as should_warn,
  count(*) != 0 as should_error
from (

select order_id from "qanat"."main"."order_payments" where total_amount < 0
) dbt_internal_test
