{{ config(severity='warn') }}
-- Closing prices are as traded: a split two for one looks like a loss of a half.
select ticker, date, previous_close, close, daily_return
from {{ ref('daily_returns') }}
where daily_return <= -0.45 or daily_return >= 0.9
