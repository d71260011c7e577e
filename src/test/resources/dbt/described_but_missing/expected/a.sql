-- view "qanat"."main"."a"
select 1
