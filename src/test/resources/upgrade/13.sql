-- A database as the schema 13 left it: with models, before tables noted their changes and rows were written over HTTP.
INSERT INTO config_history (pipeline, version, yaml, sha256, origin)
VALUES ('sales', 1, 'pipeline: sales
sources: { drops: { type: files } }
resources:
  - name: rows
    source: drops
    table: sales
    columns: { id: integer, amount: "numeric(12,2)" }
    primary_key: id
', '4cd2ccfe30a47937ee77ffbe90f0f32762dd8ccda4cd1fc24d09c86bef23eaac', 'upload');

-- A file that was loaded, with a rejected record.
INSERT INTO run (pipeline, config_version, trigger, status, queued_at, started_at, landed_at, finished_at, worker, landing_attempts, source,
                 resource, file, file_size, file_modified, file_sha256, file_status, read, inserted, rejected, bytes)
VALUES ('sales', 1, 'file', 'succeeded', '2026-01-05 10:00:00Z', '2026-01-05 10:00:01Z', '2026-01-05 10:00:02Z', '2026-01-05 10:00:03Z',
        '97aa348d-f589-45b6-a2e6-21f7b2481e16', 1, 'drops', 'rows', 'inbox/sales/a.csv', 21, '2026-01-05 09:59:59Z',
        'ceaea94f8cd9b70bd54ca8dd838f1806a77bc0336455cc91d417b73e52e9eb76', 'loaded', 2, 1, 1, 21);
INSERT INTO run_resource (run_id, resource, table_name, read, inserted, updated, unchanged, duplicate, filtered, rejected)
VALUES (1, 'rows', 'silver.sales', 2, 1, 0, 0, 0, 0, 1);
INSERT INTO file (pipeline, resource, sha256, name, size, run_id)
VALUES ('sales', 'rows', 'ceaea94f8cd9b70bd54ca8dd838f1806a77bc0336455cc91d417b73e52e9eb76', 'a.csv', 21, 1);
INSERT INTO rejection (run_id, resource, source, position, column_name, code, reason, record)
VALUES (1, 'rows', 'a.csv', 3, 'amount', 'type_mismatch', '''x'' is not a number', '{"id":"2","amount":"x"}');

-- A run whose process died while it worked.
INSERT INTO run (pipeline, config_version, trigger, status, started_at, worker, lease_until, source, file, file_size, file_modified)
VALUES ('sales', 1, 'file', 'running', '2026-01-05 11:00:00Z', '97aa348d-f589-45b6-a2e6-21f7b2481e16', '2026-01-05 11:00:08Z', 'drops',
        'inbox/sales/b.csv', 16, '2026-01-05 10:59:59Z');

CREATE TABLE silver.sales (
    id integer, amount numeric(12,2), _run_id bigint NOT NULL, _position bigint NOT NULL, _row_hash bytea NOT NULL,
    _created_at timestamptz NOT NULL DEFAULT now(), _updated_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (id));
COMMENT ON TABLE silver.sales IS 'Loaded by pipeline sales, resource rows';
INSERT INTO silver.sales VALUES
    (1, 5.50, 1, 2, '\x419bdab9c247a039d857bf3c813f9a0b7af8c91a56f576321a1caa76ab034ba7', '2026-01-05 10:00:02Z', '2026-01-05 10:00:02Z');

CREATE TABLE bronze.sales__rows (
    _run_id bigint NOT NULL, _source text NOT NULL, _position bigint NOT NULL, _loaded_at timestamptz NOT NULL DEFAULT now(),
    record json NOT NULL, _ordinal bigint, _from_text boolean, _left_out boolean);
INSERT INTO bronze.sales__rows VALUES (1, 'a.csv', 2, '2026-01-05 10:00:02Z', '{"id":"1","amount":"5.50"}', 0, true, false);

-- A model that was built.
CREATE TABLE gold.totals AS SELECT sum(amount) AS total FROM silver.sales;
INSERT INTO run_model (run_id, node, name, kind, relation, materialized, status, rows, started_at, compiled_sql)
VALUES (1, 'model.shop.totals', 'totals', 'model', 'gold.totals', 'table', 'succeeded', 1, '2026-01-05 10:00:02Z',
        'SELECT sum(amount) AS total FROM silver.sales');

-- A schedule that is due.
INSERT INTO schedule (pipeline, origin, every, catchup, since, next_fire_at)
VALUES ('sales', 'api', 'PT1H', 'latest', '2026-01-05 00:00:00Z', '2026-01-05 12:00:00Z');
