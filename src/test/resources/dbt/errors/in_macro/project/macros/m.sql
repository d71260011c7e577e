{% macro m() %}

{{ gone }}{% endmacro %}