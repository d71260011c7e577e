select
    coalesce(sum(revenue) filter (where grain = 'day'), 0) as of_days,
    coalesce(sum(revenue) filter (where grain = 'month'), 0) as of_months
from {{ ref('sales_trends') }}
having coalesce(sum(revenue) filter (where grain = 'day'), 0) <> coalesce(sum(revenue) filter (where grain = 'month'), 0)
