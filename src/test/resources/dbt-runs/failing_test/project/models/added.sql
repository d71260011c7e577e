{{ config(materialized='incremental') }}
select * from {{ source('raw_failing', 'items') }}
{% if is_incremental() %} where id > (select max(id) from {{ this }}) {% endif %}
