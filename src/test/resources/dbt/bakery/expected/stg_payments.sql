-- view "qanat"."main"."stg_payments"
select id as payment_id, order_id, payment_method, amount / 100.0 as amount
from "qanat"."main_raw"."raw_payments"
