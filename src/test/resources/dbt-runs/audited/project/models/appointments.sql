{{ config(materialized='table') }} select id, customer_id from {{ source('raw_audited', 'appointments') }}
