{{ config(materialized='table') }}
select * from {{ source('raw_failing', 'items') }}
