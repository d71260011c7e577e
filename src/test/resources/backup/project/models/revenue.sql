{{ config(materialized='table') }}
select count(*) as orders, sum(amount) as amount from {{ source('silver', 'orders') }}
