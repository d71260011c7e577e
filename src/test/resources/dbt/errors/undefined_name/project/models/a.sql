select
 {{ colum }}