{%- set grains = ['day', 'month'] -%}

with orders as (
    select order_id, ordered_on::timestamp as ordered_on, sum(quantity) as units, sum(amount) as revenue
    from {{ ref('order_lines') }}
    where ordered_on is not null
    group by order_id, ordered_on
),

span as (
    select min(ordered_on) as first_day, max(ordered_on) as last_day from orders
),

-- Every period between the first order and the last, also those in which nothing was sold.
periods as (
    {%- for grain in grains %}
    select '{{ grain }}' as grain, period
    from span
    cross join generate_series(date_trunc('{{ grain }}', first_day), last_day, interval '1 {{ grain }}') as period
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

totals as (
    select
        periods.grain,
        periods.period::date as period_start,
        count(orders.order_id) as orders,
        coalesce(sum(orders.units), 0) as units,
        coalesce(sum(orders.revenue), 0.00) as revenue
    from periods
    left join orders on date_trunc(periods.grain, orders.ordered_on) = periods.period
    group by periods.grain, periods.period
)

select
    grain,
    period_start,
    orders,
    units,
    revenue,
    {{ ratio('revenue', 'orders', 2) }} as revenue_per_order,
    revenue - lag(revenue) over by_time as revenue_change,
    {{ ratio('revenue - lag(revenue) over by_time', 'lag(revenue) over by_time') }} as revenue_growth,
    sum(revenue) over by_time as revenue_to_date
from totals
window by_time as (partition by grain order by period_start)
