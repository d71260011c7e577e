with sold as (
    select
        product_id,
        count(distinct order_id) as orders,
        count(distinct user_id) as customers,
        sum(quantity) as units,
        sum(amount) as revenue,
        max(ordered_at) as last_ordered_at
    from {{ ref('order_lines') }}
    group by product_id
),

products as (
    select
        coalesce(listed.id, sold.product_id) as product_id,
        listed.id is not null as is_listed,
        listed.title as product,
        coalesce(listed.category, 'unknown') as category,
        listed.price,
        listed.rating,
        listed.rating_count,
        coalesce(sold.orders, 0) as orders,
        coalesce(sold.customers, 0) as customers,
        coalesce(sold.units, 0) as units,
        case when sold.product_id is null then 0.00 else sold.revenue end as revenue,
        sold.last_ordered_at
    from {{ source('silver', 'products') }} as listed
    full join sold on sold.product_id = listed.id
)

select
    product_id,
    is_listed,
    product,
    category,
    price,
    rating,
    rating_count,
    orders,
    customers,
    units,
    revenue,
    {{ ratio('revenue', 'sum(revenue) over ()') }} as revenue_share,
    rank() over (order by revenue desc nulls last) as revenue_rank,
    rank() over (partition by category order by revenue desc nulls last) as revenue_rank_in_category,
    last_ordered_at
from products
