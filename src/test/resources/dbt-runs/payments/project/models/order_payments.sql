{{ config(materialized='table', post_hook=["insert into {{ this.schema }}.told values ('{{ this.identifier }}')"],
          pre_hook="create table if not exists {{ this.schema }}.told (what text)") }}
{% set methods = ['card', 'coupon', 'bank transfer'] %}
select
    order_id,
    {%- for method in methods %}
    coalesce(sum(case when method = '{{ method }}' then {{ in_units('cents') }} end), 0) as {{ method | replace(' ', '_') }},
    {%- endfor %}
    coalesce(sum({{ in_units('cents') }}), 0) as total
from {{ ref('payments') }}
group by order_id
