{{ config(severity = 'warn', warn_if = '>10') }}
select order_id from {{ ref('order_payments') }} where total_amount < 0
