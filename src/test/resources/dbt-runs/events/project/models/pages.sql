{{ config(materialized='incremental') }}
select id, page, at from {{ source('raw_events', 'events') }}
{% if is_incremental() %}
where at > (select coalesce(max(at), '-infinity') from {{ this }})
{% endif %}
