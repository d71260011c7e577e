-- A run may build the silver tables of a resource again from what bronze holds, without a file or a request.

ALTER TABLE run ADD COLUMN from_bronze boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN run.from_bronze IS 'Whether it builds the silver tables of its resource again from bronze; it adds nothing to bronze';
CREATE UNIQUE INDEX run_waiting_from_bronze ON run (pipeline, resource) WHERE status = 'queued' AND from_bronze;
