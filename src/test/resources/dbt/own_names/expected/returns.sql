-- view "qanat"."gold"."returns_of_model"
select 1 as x
