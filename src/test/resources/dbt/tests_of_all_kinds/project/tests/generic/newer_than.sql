{% test newer_than(model, column, days) %}
select max({{ column }}) from {{ model }} having max({{ column }}) < current_date - {{ days }}
{% endtest %}
