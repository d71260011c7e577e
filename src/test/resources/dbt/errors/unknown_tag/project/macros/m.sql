
{% materialization x, default %}{% endmaterialization %}