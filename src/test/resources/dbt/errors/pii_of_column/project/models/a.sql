select 1 as mail
