-- What people prove who they are with, besides a password.

-- An authenticator app (RFC 6238), one for each account.
CREATE TABLE authenticator_apps (
    user_id       TEXT PRIMARY KEY NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- The shared secret, sealed.
    sealed_secret TEXT NOT NULL,
    -- The time step of the last code that was accepted: neither it nor an earlier one counts again.
    last_step     BIGINT NOT NULL,
    created_at    BIGINT NOT NULL,
    last_used_at  BIGINT NOT NULL
);

-- What was written down for the day when the app is lost. Each counts once.
CREATE TABLE recovery_codes (
    user_id   TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- SHA-256 of 80 random bits.
    code_hash TEXT NOT NULL,
    used_at   BIGINT,
    PRIMARY KEY (user_id, code_hash)
);

-- Passkeys (Web Authentication), several for each account.
CREATE TABLE passkeys (
    -- The credential's id, base64url.
    id           TEXT PRIMARY KEY NOT NULL,
    user_id      TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- As its owner calls it.
    name         TEXT NOT NULL,
    -- Its public key and what was learnt about it, as JSON.
    credential   TEXT NOT NULL,
    -- The signature counter; stays 0 where the authenticator has none.
    sign_count   BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL
);
CREATE INDEX passkeys_by_user ON passkeys (user_id);
