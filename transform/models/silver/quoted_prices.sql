{{ config(materialized='ephemeral') }}
-- Prices in whole units of a currency: London quotes pence.
select
    prices.ticker,
    prices.date,
    exchanges.currency,
    {%- for price in ['high', 'low', 'close'] %}
    prices.{{ price }} * exchanges.units_per_quote as {{ price }},
    {%- endfor %}
    prices.volume
from {{ source('silver', 'market_data') }} as prices
left join {{ ref('exchanges') }} as exchanges
    on exchanges.suffix = coalesce(nullif(split_part(prices.ticker, '.', 2), ''), 'US')
