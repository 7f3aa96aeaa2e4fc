-- Upstream providers that administrators registered at run time, beside those of the configuration file. An id is one
-- provider's: where the file has it too, the file's counts.
CREATE TABLE upstreams (
    id         TEXT PRIMARY KEY NOT NULL,
    -- What is said of it, presets filled in, as JSON; nothing secret.
    settings   TEXT NOT NULL,
    -- Its client secret, or the private key that signs such secrets, sealed; none for public clients.
    secret     TEXT,
    enabled    BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
