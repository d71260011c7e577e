
{{ config(post_hook="analyze
{{ this }}") }}
{% macro m() %}

  {{ gone }}{% endmacro %}
select {{ m() }}