select * from {{ ref('waiting') }}
