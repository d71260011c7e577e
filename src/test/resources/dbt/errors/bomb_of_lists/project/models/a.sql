{% set l = [1] %}
{% for i in range(100) %}{% do l.extend(l) %}{% endfor %}
select 1
