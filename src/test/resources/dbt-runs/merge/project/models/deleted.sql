{{ config(materialized='incremental', unique_key='ticker') }}
select ticker, day, price from {{ source('raw_merge', 'prices') }}
