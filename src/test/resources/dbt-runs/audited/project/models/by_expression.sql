{{ config(materialized='incremental', unique_key="coalesce(id, 0)") }} select id, customer_id from {{ source('raw_audited', 'appointments') }}
