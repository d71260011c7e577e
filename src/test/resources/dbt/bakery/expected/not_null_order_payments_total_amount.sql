-- warn
select
  count(*) as failures,
  count(*) != 0 as should_warn,
  count(*) != 0 as should_error
from (
select total_amount
from (select * from "qanat"."main"."order_payments" where order_id > 10) dbt_subquery
where total_amount is null
) dbt_internal_test
