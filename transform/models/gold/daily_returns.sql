{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key=['ticker', 'date'],
    on_schema_change='append_new_columns'
) }}

-- A price that was corrected changes the return of its day and of the next: from the first change on, a ticker's days are worked out anew.
-- The hour is for landings that began before the last one and ended after it.
with changed as (
    select ticker, min(date) as first_day
    from {{ source('silver', 'market_data') }}
    {% if is_incremental() -%}
    where _updated_at > (select coalesce(max(price_updated_at), '-infinity') - interval '1 hour' from {{ this }})
    {% endif -%}
    group by ticker
),

prices as (
    select
        prices.ticker,
        prices.date,
        prices.close,
        lag(prices.date) over by_day as previous_date,
        lag(prices.close) over by_day as previous_close,
        prices._updated_at as price_updated_at,
        changed.first_day
    from {{ source('silver', 'market_data') }} as prices
    join changed on changed.ticker = prices.ticker
    window by_day as (partition by prices.ticker order by prices.date)
)

select
    ticker,
    date,
    close,
    previous_date,
    previous_close,
    {{ ratio('close - previous_close', 'previous_close', 6) }} as daily_return,
    round(ln(nullif(close, 0) / nullif(previous_close, 0)), 6) as log_return,
    price_updated_at
from prices
where date >= first_day
