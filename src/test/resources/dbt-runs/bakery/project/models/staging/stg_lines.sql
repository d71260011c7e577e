{{ config(materialized='ephemeral') }}
select order_id, sku, amount::numeric(14, 2) as amount from {{ ref('raw_lines') }}
