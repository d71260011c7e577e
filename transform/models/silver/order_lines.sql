-- The shop's carts carry no prices: a line is worth what its product costs today.
select
    orders.id as order_id,
    lines._index + 1 as line_number,
    orders.user_id,
    orders.ordered_at,
    (orders.ordered_at at time zone '{{ var("time_zone") }}')::date as ordered_on,
    lines.product_id,
    products.title as product,
    coalesce(products.category, 'unknown') as category,
    lines.quantity,
    products.price as unit_price,
    lines.quantity * products.price as amount
from {{ source('silver', 'orders') }} as orders
join {{ source('silver', 'orders__products') }} as lines on lines._parent_id = orders.id::text
left join {{ source('silver', 'products') }} as products on products.id = lines.product_id
