-- view "qanat"."main"."a"
select '['x']', '[1]', '['x']'
