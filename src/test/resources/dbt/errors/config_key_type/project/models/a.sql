select 1,
{{ config(unique_key=5) }}