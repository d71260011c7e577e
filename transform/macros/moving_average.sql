{# The mean over the last rows of the named window; null until there are that many. #}
{% macro moving_average(column, rows, window, digits=4) -%}
    case
        when count({{ column }}) over ({{ window }} rows between {{ rows - 1 }} preceding and current row) = {{ rows }}
        then round(avg({{ column }}) over ({{ window }} rows between {{ rows - 1 }} preceding and current row), {{ digits }})
    end
{%- endmacro %}
