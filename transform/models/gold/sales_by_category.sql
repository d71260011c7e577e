with listed as (
    select coalesce(category, 'unknown') as category, count(*) as products
    from {{ source('silver', 'products') }}
    group by 1
),

sold as (
    select
        category,
        count(distinct product_id) as products_sold,
        count(distinct order_id) as orders,
        sum(quantity) as units,
        coalesce(sum(amount), 0.00) as revenue,
        count(*) filter (where amount is null) as lines_without_price
    from {{ ref('order_lines') }}
    group by category
),

categories as (
    select
        category,
        coalesce(products, 0) as products,
        coalesce(products_sold, 0) as products_sold,
        coalesce(orders, 0) as orders,
        coalesce(units, 0) as units,
        coalesce(revenue, 0.00) as revenue,
        coalesce(lines_without_price, 0) as lines_without_price
    from listed
    full join sold using (category)
)

select
    category,
    products,
    products_sold,
    orders,
    units,
    revenue,
    {{ ratio('revenue', 'sum(revenue) over ()') }} as revenue_share,
    rank() over (order by revenue desc) as revenue_rank,
    lines_without_price
from categories
