select * from {{ source('raw_events', 'never_loaded') }}
