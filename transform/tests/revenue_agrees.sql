-- Every amount of an order line is counted once, wherever revenue is summed up.
with totals as (
    select 'order_lines' as counted_in, coalesce(sum(amount), 0) as revenue from {{ ref('order_lines') }}
    union all
    select 'sales_by_category', coalesce(sum(revenue), 0) from {{ ref('sales_by_category') }}
    union all
    select 'product_performance', coalesce(sum(revenue), 0) from {{ ref('product_performance') }}
    union all
    select 'customer_activity', coalesce(sum(revenue), 0) from {{ ref('customer_activity') }}
)

select counted_in, revenue
from totals
where revenue <> (select revenue from totals where counted_in = 'order_lines')
