select 1
{% if execute %}from {{ ref('a') }}{% endif %}