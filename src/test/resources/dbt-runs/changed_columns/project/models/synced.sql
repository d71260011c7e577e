{{ config(materialized='incremental', unique_key='id', on_schema_change='sync_all_columns') }}
select 1 as id, 'gone' as gone, 5 as n
