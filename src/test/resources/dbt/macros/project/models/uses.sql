{%- macro local(x) -%} local {{ x }} {%- endmacro -%}
with {% call wrapped('t') %}select * from {{ ref('base') }}{% endcall %}
select {{ cents('amount') }}, {{ shop.cents('tax', digits=var('limit')) }}, {{ columns() | join(', ') }},
    {{ concat_all('x', "y", sep=1) }}, {{ local(1) }}, {{ year('d') }}, {{ day('d') }}, {{ 'prod' if target.name == 'prod' else target.schema }},
    '{{ env_var("SHOP_NAME") }}', '{{ env_var("OTHER", "none") }}', {{ var('labels').a }}, {{ tojson(var('labels')) }}
from t, {{ from_here() }}
