{# One number by another, rounded; null where there is nothing to divide by. #}
{% macro ratio(numerator, denominator, digits=4) -%}
    round(({{ numerator }})::numeric / nullif(({{ denominator }})::numeric, 0), {{ digits }})
{%- endmacro %}
