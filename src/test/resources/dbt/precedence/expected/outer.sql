-- table "qanat"."main"."outer"
-- hook: select 1
select 'table', '['all']', 'd'
