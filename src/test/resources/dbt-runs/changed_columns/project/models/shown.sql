select id, old from {{ ref('base') }}
