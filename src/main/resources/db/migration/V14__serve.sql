-- In which state a table is, told by whoever writes its rows: a trigger notes it in the writer's transaction, a run's, a model's or that
-- of somebody at a prompt.

CREATE TABLE table_change (
    relation oid  NOT NULL,
    change   uuid NOT NULL DEFAULT gen_random_uuid(),
    PRIMARY KEY (relation, change)
);
COMMENT ON TABLE table_change IS 'Whatever writes rows of a table leaves a change and takes away those it finds: what is there of a table tells its state from all others';

CREATE FUNCTION note_change() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- Nobody waits for another writer. With a snapshot of longer life, to meet what another has taken away would be an error.
    IF current_setting('transaction_isolation') = 'read committed' THEN
        DELETE FROM qanat.table_change WHERE relation = TG_RELID AND change IN (
            SELECT change FROM qanat.table_change WHERE relation = TG_RELID FOR UPDATE SKIP LOCKED);
    END IF;
    INSERT INTO qanat.table_change (relation) VALUES (TG_RELID);
    RETURN NULL;
END $$;

CREATE PROCEDURE note_changes(of_table regclass) LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM qanat.table_change WHERE (relation, change) IN (
        SELECT relation, change FROM qanat.table_change AS gone
        WHERE NOT EXISTS (SELECT FROM pg_class WHERE oid = gone.relation) FOR UPDATE SKIP LOCKED);
    INSERT INTO qanat.table_change (relation) VALUES (of_table);
    EXECUTE format('CREATE TRIGGER qanat_change AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON %s'
        ' FOR EACH STATEMENT EXECUTE FUNCTION qanat.note_change()', of_table);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER qanat_change', of_table);
END $$;
COMMENT ON PROCEDURE note_changes IS 'Has the changes of a table noted from now on';

DO $$
DECLARE
    loaded regclass;
BEGIN
    FOR loaded IN
        SELECT c.oid::regclass FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind = 'r' AND (
            n.nspname = 'silver' AND obj_description(c.oid, 'pg_class') LIKE 'Loaded by pipeline %'
            OR n.nspname || '.' || c.relname IN (SELECT relation FROM qanat.run_model WHERE status = 'succeeded'))
    LOOP
        CALL qanat.note_changes(loaded);
    END LOOP;
END $$;
