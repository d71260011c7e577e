select 1
from {{
  source('x', 'y') }}