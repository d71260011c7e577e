{{ config(materialized='table') }} select id from {{ source('raw_audited', 'customers') }}
