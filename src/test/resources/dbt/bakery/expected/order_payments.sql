-- table "qanat"."main"."order_payments"


select
    order_id,

    sum(case when payment_method = 'credit_card' then amount else 0 end) as credit_card_amount,
    sum(case when payment_method = 'coupon' then amount else 0 end) as coupon_amount,
    sum(case when payment_method = 'bank_transfer' then amount else 0 end) as bank_transfer_amount,
    sum(case when payment_method = 'cash' then amount else 0 end) as cash_amount,
    sum(amount) as total_amount

from "qanat"."main"."stg_payments"
group by order_id
