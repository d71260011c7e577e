select n from {{ ref('after') }} where n < 1
