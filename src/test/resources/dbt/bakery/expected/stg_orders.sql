-- view "qanat"."main"."stg_orders"
select id as order_id, user_id as customer_id, order_date, status
from "qanat"."main_raw"."raw_orders"
where order_date >= '2024-01-01'
