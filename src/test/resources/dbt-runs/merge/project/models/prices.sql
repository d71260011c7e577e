{{ config(materialized='incremental', incremental_strategy='merge', unique_key=['ticker', 'day'], merge_exclude_columns=['first_seen']) }}
select ticker, day, price, run as first_seen from {{ source('raw_merge', 'prices') }}
