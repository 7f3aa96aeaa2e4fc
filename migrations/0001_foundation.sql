-- One text for SQLite and PostgreSQL: TEXT, BIGINT (Unix seconds), BOOLEAN; lists and documents are JSON in TEXT.

CREATE TABLE settings (
    name  TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
);

CREATE TABLE users (
    id            TEXT PRIMARY KEY NOT NULL,
    -- Canonical forms: what the unique keys compare.
    username      TEXT NOT NULL UNIQUE,
    email         TEXT UNIQUE,
    email_verified BOOLEAN NOT NULL,
    name          TEXT,
    password_hash TEXT,
    is_admin      BOOLEAN NOT NULL,
    disabled      BOOLEAN NOT NULL,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL
);

-- Nobody may take away the last administrator, which every change of a user looks for.
CREATE INDEX users_administrators ON users (id) WHERE is_admin AND NOT disabled;

CREATE TABLE clients (
    id          TEXT PRIMARY KEY NOT NULL,
    -- SHA-256 of 256 random bits; NULL for public clients.
    secret_hash TEXT,
    disabled    BOOLEAN NOT NULL,
    -- The registered metadata under its RFC 7591 names.
    metadata    TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL
);

-- The web origins of a client's redirect URIs: who may read our answers across origins.
CREATE TABLE client_origins (
    origin    TEXT NOT NULL,
    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    PRIMARY KEY (origin, client_id)
);
CREATE INDEX client_origins_by_client ON client_origins (client_id);

CREATE TABLE sessions (
    id           TEXT PRIMARY KEY NOT NULL,
    -- SHA-256 of the secret in the cookie.
    secret_hash  TEXT NOT NULL,
    user_id      TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    state        TEXT NOT NULL,
    auth_time    BIGINT NOT NULL,
    methods      TEXT NOT NULL,
    acr          TEXT NOT NULL,
    remembered   BOOLEAN NOT NULL,
    ip           TEXT NOT NULL,
    user_agent   TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE consents (
    id         TEXT PRIMARY KEY NOT NULL,
    user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id  TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    scope      TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (user_id, client_id)
);
CREATE INDEX consents_by_client ON consents (client_id);

-- The ledger: one row a grant. Inserting it redeems the code; raising its generation redeems a refresh token.
CREATE TABLE grants (
    id           TEXT PRIMARY KEY NOT NULL,
    client_id    TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    user_id      TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    session_id   TEXT NOT NULL,
    -- The consent it rests on; NULL where the client needs none.
    consent_id   TEXT,
    -- Outlives the session (offline_access)?
    offline      BOOLEAN NOT NULL,
    scope        TEXT NOT NULL,
    auth_time    BIGINT NOT NULL,
    acr          TEXT NOT NULL,
    amr          TEXT NOT NULL,
    -- Half of the key that the refresh tokens of this grant are derived under.
    secret       TEXT NOT NULL,
    generation   BIGINT NOT NULL,
    rotated_at   BIGINT NOT NULL,
    state        TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL
);
CREATE INDEX grants_by_user ON grants (user_id, client_id);
CREATE INDEX grants_by_client ON grants (client_id);
CREATE INDEX grants_by_expiry ON grants (expires_at);

-- Access tokens revoked one by one, until they would have expired anyway.
CREATE TABLE revoked_tokens (
    jti        TEXT PRIMARY KEY NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX revoked_tokens_by_expiry ON revoked_tokens (expires_at);

-- A key's state follows from these times alone, so every node agrees on it without talking.
CREATE TABLE signing_keys (
    kid         TEXT PRIMARY KEY NOT NULL,
    alg         TEXT NOT NULL,
    -- Counts up within an algorithm: two nodes that rotate at once cannot both win.
    sequence    BIGINT NOT NULL,
    -- PKCS#8, sealed under the master secret.
    private_key TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    active_from BIGINT NOT NULL,
    revoked_at  BIGINT,
    UNIQUE (alg, sequence)
);

-- Failed sign-ins. The key is one of a fixed number of buckets, so this table cannot grow.
CREATE TABLE throttle (
    bucket       TEXT PRIMARY KEY NOT NULL,
    failures     BIGINT NOT NULL,
    window_start BIGINT NOT NULL
);

-- Links that work once (administrator set-up).
CREATE TABLE one_time_links (
    token_hash TEXT PRIMARY KEY NOT NULL,
    purpose    TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at    BIGINT
);

CREATE TABLE audit_log (
    id             TEXT PRIMARY KEY NOT NULL,
    at             BIGINT NOT NULL,
    actor          TEXT NOT NULL,
    action         TEXT NOT NULL,
    target         TEXT NOT NULL,
    detail         TEXT NOT NULL,
    ip             TEXT NOT NULL,
    correlation_id TEXT NOT NULL
);
CREATE INDEX audit_log_by_time ON audit_log (at);
