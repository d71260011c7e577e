{# How money is shown #}
{% macro cents(column, digits=2) -%}
    round({{ column }} / 100.0, {{ digits }})
{%- endmacro %}

{% macro columns() %}
    {% set found = [] %}
    {% for name in ['a', 'b', 'c'] %}
        {% do found.append(name) %}
        {% if loop.index == 2 %}{{ return(found) }}{% endif %}
    {% endfor %}
{% endmacro %}

{% macro concat_all() -%}
    concat({{ varargs | join(', ') }}{% for key, value in kwargs.items() %}, '{{ key }}={{ value }}'{% endfor %})
{%- endmacro %}

{% macro wrapped(name) -%}
    {{ name }} as ({{ caller() }})
{%- endmacro %}

{% macro from_here() %}{{ ref('base') }} {{ this }} {{ cents('x') }}{% endmacro %}
