{{ config(materialized='view') }}
{%- set window = 'partition by ticker order by date' %}

select
    ticker,
    date,
    close
    {%- for days in var('moving_average_days') %},
    {{ moving_average('close', days, window) }} as close_{{ days }}_days
    {%- endfor %},
    {{ moving_average('volume', var('moving_average_days')[0], window, 0) }} as volume_{{ var('moving_average_days')[0] }}_days
from {{ source('silver', 'market_data') }}
