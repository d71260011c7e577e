{% macro generate_schema_name(own, n) %}{{ own or target.schema }}{% endmacro %}
