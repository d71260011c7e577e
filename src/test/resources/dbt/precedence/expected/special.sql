-- incremental "qanat"."main"."renamed"
-- hook: select 1
-- hook: select 2
-- hook: select 3

select 'incremental', '['all', 'inner', 'yaml', 'file']', '{'a': 1, 'b': 2}', '['select 1', 'select 2', 'select 3']', '"qanat"."main"."renamed"'
