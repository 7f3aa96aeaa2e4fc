-- The standard claims of a user (OpenID Connect Core §5.1) beyond name and e-mail address, as JSON.
ALTER TABLE users ADD COLUMN claims TEXT NOT NULL DEFAULT '{}';

-- The secret itself, sealed, where it must serve as a key.
ALTER TABLE clients ADD COLUMN sealed_secret TEXT;
-- SHA-256 of the registration access token of a client that registered itself; NULL for the others.
ALTER TABLE clients ADD COLUMN registration_token_hash TEXT;
-- When a client that registered itself was first used.
ALTER TABLE clients ADD COLUMN used_at BIGINT;
CREATE INDEX clients_never_used ON clients (created_at)
    WHERE registration_token_hash IS NOT NULL AND used_at IS NULL;

-- The claims that the authorization request asked for by name (Core §5.5), as JSON; NULL when it asked for none.
ALTER TABLE grants ADD COLUMN claims TEXT;

-- The clients that signed a user in from a session and want to hear of its end.
CREATE TABLE session_clients (
    session_id TEXT NOT NULL,
    client_id  TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    -- Neither the session nor the user need be there any more when the client is told.
    user_id    TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    -- When the logout token is sent (again); NULL while the session lasts.
    due_at     BIGINT,
    attempts   BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (session_id, client_id)
);
CREATE INDEX session_clients_by_user ON session_clients (user_id);
CREATE INDEX session_clients_by_client ON session_clients (client_id);
CREATE INDEX session_clients_due ON session_clients (due_at) WHERE due_at IS NOT NULL;

-- The ids of client assertions that were accepted, until they would have expired anyway (RFC 7523 §3).
CREATE TABLE used_assertions (
    -- SHA-256 of the client and its jti.
    id         TEXT PRIMARY KEY NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX used_assertions_by_expiry ON used_assertions (expires_at);

-- Initial access tokens (RFC 7591 §3), by which others may register clients.
CREATE TABLE initial_access_tokens (
    -- Its public name.
    id         TEXT PRIMARY KEY NOT NULL,
    token_hash TEXT NOT NULL UNIQUE,
    -- What it is for, in the administrator's words.
    note       TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    -- How many clients it may still register; NULL for any number.
    uses_left  BIGINT
);
CREATE INDEX initial_access_tokens_by_expiry ON initial_access_tokens (expires_at);
