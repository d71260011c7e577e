{% test positive(model, column_name, than=0) %}
    select * from {{ model }} where {{ column_name }} <= {{ than }}
{% endtest %}
