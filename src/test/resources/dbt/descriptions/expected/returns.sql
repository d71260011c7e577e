-- view "qanat"."main"."returns"
select 'How much *more*
 than in 2024' as said
