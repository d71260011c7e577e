with carts as (
    select
        orders.id as order_id,
        orders.user_id,
        orders.ordered_at,
        count(lines.line_number) as lines,
        coalesce(sum(lines.quantity), 0) as units,
        coalesce(sum(lines.amount), 0.00) as revenue
    from {{ source('silver', 'orders') }} as orders
    left join {{ ref('order_lines') }} as lines on lines.order_id = orders.id
    group by orders.id, orders.user_id, orders.ordered_at
),

ordered as (
    select
        user_id,
        count(*) filter (where lines > 0) as orders,
        count(*) filter (where lines = 0) as empty_carts,
        sum(units) as units,
        sum(revenue) as revenue,
        min(ordered_at) filter (where lines > 0) as first_ordered_at,
        max(ordered_at) filter (where lines > 0) as last_ordered_at,
        count(ordered_at) filter (where lines > 0) as dated_orders
    from carts
    group by user_id
),

-- Of categories bought as often as each other, the first of the alphabet.
favourites as (
    select distinct on (user_id) user_id, category
    from {{ ref('order_lines') }}
    group by user_id, category
    order by user_id, sum(quantity) desc, category
),

customers as (
    select
        coalesce(users.id, ordered.user_id) as user_id,
        users.id is not null as is_registered,
        users.city,
        coalesce(ordered.orders, 0) as orders,
        coalesce(ordered.empty_carts, 0) as empty_carts,
        coalesce(ordered.units, 0) as units,
        coalesce(ordered.revenue, 0.00) as revenue,
        ordered.first_ordered_at,
        ordered.last_ordered_at,
        ordered.dated_orders
    from {{ source('silver', 'users') }} as users
    full join ordered on ordered.user_id = users.id
)

select
    user_id,
    is_registered,
    city,
    case when orders = 0 then 'never' when orders = 1 then 'once' else 'repeatedly' end as has_ordered,
    orders,
    empty_carts,
    units,
    revenue,
    {{ ratio('revenue', 'orders', 2) }} as revenue_per_order,
    rank() over (order by revenue desc) as revenue_rank,
    favourites.category as favourite_category,
    first_ordered_at,
    last_ordered_at,
    {{ ratio('extract(epoch from last_ordered_at - first_ordered_at)', '86400 * (dated_orders - 1)', 1) }} as days_between_orders
from customers
left join favourites using (user_id)
