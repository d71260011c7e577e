{{ config(materialized='incremental') }}
select id, amount from {{ source('silver', 'orders') }}
{% if is_incremental() %}
where id > (select coalesce(max(id), 0) from {{ this }})
{% endif %}
