-- error into "qanat"."main_dbt_test__audit"."positive_returns_close"
select
  count(*) as failures,
  count(*) != 0 as should_warn,
  count(*) != 0 as should_error
from (
select * from (select * from "qanat"."main"."returns" where day > '2024-01-01') dbt_subquery where close <= 0
limit 10
) dbt_internal_test
