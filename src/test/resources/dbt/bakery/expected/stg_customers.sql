-- view "qanat"."main"."stg_customers"
with source as (
    select * from "qanat"."main_raw"."raw_customers"

)

select id as customer_id, first_name, last_name
from source
