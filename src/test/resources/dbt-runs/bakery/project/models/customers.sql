{{ config(materialized='table', indexes=[{'columns': ['customer_id'], 'unique': True}]) }}
with orders as (
    select o.customer_id, count(distinct o.order_id) as orders, sum(l.amount) as amount
    from {{ ref('stg_orders') }} o join {{ ref('stg_lines') }} l using (order_id)
    group by 1
)
select c.customer_id, c.first_name, coalesce(o.orders, 0) as orders, coalesce(o.amount, 0) as amount
from {{ ref('stg_customers') }} c left join orders o using (customer_id)
