-- view "qanat"."main"."base"
select 1 as a
