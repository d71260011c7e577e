-- view "qanat"."main"."other"
 select * from "qanat"."gold"."returns_of_model"
