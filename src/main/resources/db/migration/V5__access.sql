-- Who may do what, and who did.

CREATE TABLE api_key (
    id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name         text        NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    role         text        NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
    prefix       text        NOT NULL UNIQUE,
    hash         bytea       NOT NULL CHECK (octet_length(hash) = 32),
    created_at   timestamptz NOT NULL DEFAULT now(),
    created_by   text        NOT NULL,
    last_used_at timestamptz,
    revoked_at   timestamptz,
    revoked_by   text,
    CHECK ((revoked_at IS NULL) = (revoked_by IS NULL))
);
COMMENT ON TABLE api_key IS 'Keys stay when they are revoked: the audit names them';
COMMENT ON COLUMN api_key.prefix IS 'With which the key begins; no secret';
COMMENT ON COLUMN api_key.hash IS 'HMAC-SHA-256 of the key, under QANAT_KEY_SECRET or else the secret in key_secret';
COMMENT ON COLUMN api_key.last_used_at IS 'To within some ten seconds';

CREATE TABLE key_secret (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    secret   bytea   NOT NULL
);
COMMENT ON TABLE key_secret IS 'Under which keys are hashed where QANAT_KEY_SECRET is not set';

CREATE TABLE audit (
    id             bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at             timestamptz NOT NULL DEFAULT now(),
    who            text,
    key_id         bigint,
    role           text,
    remote_address text,
    method         text,
    path           text,
    status         integer,
    what           text,
    requests       integer     NOT NULL DEFAULT 1
);
COMMENT ON TABLE audit IS 'Requests that would change something, done or refused, and those that showed a wrong key';
COMMENT ON COLUMN audit.who IS 'The name of the key; null when none was shown, or a wrong one';
COMMENT ON COLUMN audit.requests IS 'More than one for refused requests that are counted and not listed';
CREATE INDEX audit_refused ON audit (id) WHERE status IN (401, 403, 429) OR requests > 1;
