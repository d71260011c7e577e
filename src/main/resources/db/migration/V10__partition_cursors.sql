-- What a run tells of its partitions.

ALTER TABLE poll_partition ADD COLUMN cursor text;
COMMENT ON COLUMN poll_partition.cursor IS 'Of a partition that has landed: where the next poll of it starts; null where no cursor is kept, and in a backfill';
