select
    prices.ticker,
    prices.date,
    prices.currency,
    prices.close,
    rates.rate as fx_rate,
    rates.date as fx_rate_date,
    round(prices.close / nullif(rates.rate, 0), 4) as close_in_eur
from {{ ref('quoted_prices') }} as prices
-- The rate of the day, or the last one before: none is fixed at weekends and on holidays.
left join lateral (
    select fx.date, fx.rate
    from {{ source('silver', 'fx_rates') }} as fx
    where fx.base = 'EUR'
        and fx.quote = prices.currency
        and fx.date between prices.date - {{ var('fx_rate_valid_days') }} and prices.date
    union all
    select prices.date, 1
    where prices.currency = 'EUR'
    order by date desc
    limit 1
) as rates on true
