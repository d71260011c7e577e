{% set l = [] %}
{% do l.append(l) %}
select {{ l }}
