{% if execute %}{% endif %}
{% set r = run_query('select 1') %}