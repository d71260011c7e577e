-- view "qanat"."main"."returns"
select * from "qanat"."silver"."prices"
