-- ephemeral "qanat"."main"."base"

select 1 as id
