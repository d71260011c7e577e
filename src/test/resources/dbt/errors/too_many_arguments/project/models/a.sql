select 1
,{{ m(1, 2) }}