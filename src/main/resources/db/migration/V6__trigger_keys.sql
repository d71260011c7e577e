-- Keys of triggers are taken and used in one transaction: one without runs was left by a process that died in between.

DELETE FROM trigger_key WHERE runs = '{}';

-- The same key with another request is a mistake of the client's. Keys are forgotten after seven days.

ALTER TABLE trigger_key ADD COLUMN request text;
COMMENT ON COLUMN trigger_key.request IS 'What was asked for, and by whom; null for keys from before this was kept, which fit any request';
CREATE INDEX trigger_key_by_age ON trigger_key (created_at);
