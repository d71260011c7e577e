-- Personal values that pipelines declare as `pii: hash` are hashed under a key of this installation.

CREATE TABLE personal_key (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    key      bytea   NOT NULL CHECK (octet_length(key) = 32)
);
COMMENT ON TABLE personal_key IS 'Made at first use. Without it nobody can find out whose hash one is; with another one the same value has another hash';
