-- Whose file a version came from: several processes on one database have folders of their own.

ALTER TABLE config_history ADD COLUMN place text;

COMMENT ON COLUMN config_history.place IS 'The home and the folder of pipelines that the file was in: only who has that folder takes the pipeline out of force when the file is gone';
