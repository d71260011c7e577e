-- view "qanat"."main"."uses"
with t as (select * from "qanat"."main"."base")
select round(amount / 100.0, 2), round(tax / 100.0, 3), a, b,
    concat(x, y, 'sep=1'), local 1, extract(year from d), d::date, main,
    'corner', 'none', 1, {"a": 1}
from t, "qanat"."main"."base" "qanat"."main"."uses" round(x / 100.0, 2)
