select page, count(*) as views from {{ ref('pages') }} group by page
