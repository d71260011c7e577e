{% set ns = namespace(s="0123456789") %}
{% for i in range(40) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}
select 1
