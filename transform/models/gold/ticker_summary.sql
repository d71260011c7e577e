with prices as (
    select
        ticker,
        date,
        currency,
        close,
        high,
        low,
        volume,
        max(close) over (partition by ticker order by date) as peak
    from {{ ref('quoted_prices') }}
),

-- Of days that are equally high or low, the latest.
traded as (
    select
        ticker,
        min(currency) as currency,
        count(*) as trading_days,
        min(date) as first_date,
        max(date) as last_date,
        (array_agg(close order by date))[1] as first_close,
        (array_agg(close order by date desc))[1] as last_close,
        max(high) as highest,
        (array_agg(date order by high desc, date desc) filter (where high is not null))[1] as highest_on,
        min(low) as lowest,
        (array_agg(date order by low, date desc) filter (where low is not null))[1] as lowest_on,
        round(avg(volume)) as average_volume,
        min({{ ratio('close - peak', 'peak', 6) }}) as largest_drawdown
    from prices
    group by ticker
),

returned as (
    select
        ticker,
        avg(daily_return) as mean_return,
        stddev_samp(daily_return) as deviation,
        max(daily_return) as best_return,
        min(daily_return) as worst_return,
        count(*) filter (where daily_return > 0) as days_up,
        count(*) filter (where daily_return < 0) as days_down
    from {{ ref('daily_returns') }}
    group by ticker
)

select
    traded.ticker,
    companies.name,
    companies.sector,
    traded.currency,
    traded.trading_days,
    traded.first_date,
    traded.last_date,
    traded.last_close,
    {{ ratio('traded.last_close - traded.first_close', 'traded.first_close', 6) }} as total_return,
    traded.highest,
    traded.highest_on,
    traded.lowest,
    traded.lowest_on,
    traded.average_volume,
    traded.largest_drawdown,
    round(returned.mean_return, 6) as mean_return,
    round(returned.deviation * sqrt({{ var('trading_days_per_year') }}::numeric), 6) as yearly_volatility,
    returned.best_return,
    returned.worst_return,
    coalesce(returned.days_up, 0) as days_up,
    coalesce(returned.days_down, 0) as days_down
from traded
left join returned using (ticker)
left join {{ source('silver', 'companies') }} as companies using (ticker)
