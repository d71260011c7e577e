-- table "qanat"."main"."reads"
-- hook: select 1
select * from "qanat"."main"."renamed"
