{{ config(
  materialized='tabel') }}