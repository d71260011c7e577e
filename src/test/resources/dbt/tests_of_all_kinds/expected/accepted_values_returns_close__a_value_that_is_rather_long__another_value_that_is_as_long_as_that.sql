-- error
select
  count(*) as failures,
  count(*) != 0 as should_warn,
  count(*) != 0 as should_error
from (
with all_values as (
    select close as value_field, count(*) as n_records
    from "qanat"."main"."returns"
    group by close
)
select *
from all_values
where value_field not in ('a value that is rather long','another value that is as long as that')
) dbt_internal_test
