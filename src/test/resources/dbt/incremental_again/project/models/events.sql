{{
    config(
        materialized = 'incremental',
        unique_key = ['event_id', 'session_id'],
        incremental_strategy = 'merge',
        on_schema_change = 'append_new_columns',
        pre_hook = "analyze {{ source('web', 'events') }}",
        post_hook = ["create index on {{ this }} (event_id)", {"sql": "vacuum {{ this }}", "transaction": False}]
    )
}}

select event_id, session_id, happened_at
from {{ source('web', 'events') }}

{% if is_incremental() %}
where happened_at > (select coalesce(max(happened_at), '-infinity') from {{ this }})
{% endif %}
