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

{% macro year(c) %}{{ return(adapter.dispatch('year')(c)) }}{% endmacro %}
{% macro default__year(c) %}year({{ c }}){% endmacro %}
{% macro postgres__year(c) -%} extract(year from {{ c }}) {%- endmacro %}
{% macro day(c) %}{{ adapter.dispatch('day', 'shop')(c) }}{% endmacro %}
{% macro default__day(c) -%} {{ c }}::date {%- endmacro %}

{% macro from_here() %}{{ ref('base') }} {{ this }} {{ cents('x') }}{% endmacro %}
