select 1
, {{ f(x }}