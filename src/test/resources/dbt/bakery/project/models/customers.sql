{{ config(tags='mart') }}

with orders as (
    select * from {{ ref('stg_orders') }}
)

select c.customer_id, count(o.order_id) as number_of_orders, sum(p.total_amount) as lifetime_value
from {{ ref('stg_customers') }} c
left join orders o on o.customer_id = c.customer_id
left join {{ ref('order_payments') }} p on p.order_id = o.order_id
group by c.customer_id
