-- What the columns of models and seeds hold, by which those of personal values are known.

CREATE TABLE model_columns (
    relation text  PRIMARY KEY,
    marks    jsonb NOT NULL,
    origins  jsonb
);
COMMENT ON TABLE model_columns IS 'Models and seeds that stand, told in the transaction that published them';
COMMENT ON COLUMN model_columns.relation IS 'Such as gold.daily_returns';
COMMENT ON COLUMN model_columns.marks IS 'By column, whether the project says that it is personal (meta: pii); * is for all others';
COMMENT ON COLUMN model_columns.origins IS 'Of a table: which columns it was made of; null where nobody can tell';

CREATE TABLE source_columns (
    relation text  PRIMARY KEY,
    marks    jsonb NOT NULL
);
COMMENT ON TABLE source_columns IS 'What the project says of the columns of its sources, as marks of model_columns';

INSERT INTO model_columns (relation, marks)
SELECT DISTINCT relation, '{}'::jsonb FROM run_model WHERE status = 'succeeded';
