-- Links by which one person makes one account, sent to the address that the account will have. Who makes the account
-- deletes the row: a link that is there was not used.
CREATE TABLE invitations (
    id         TEXT PRIMARY KEY NOT NULL,
    -- SHA-256 of 256 random bits.
    token_hash TEXT NOT NULL UNIQUE,
    -- Canonical address.
    email      TEXT NOT NULL,
    -- Asked for by whoever wants the account, where everybody may have one; else an administrator invites.
    self_asked BOOLEAN NOT NULL,
    -- The user name that is proposed; empty where none is.
    username   TEXT NOT NULL,
    is_admin   BOOLEAN NOT NULL,
    -- Only a mail shows that the address is its reader's.
    mailed     BOOLEAN NOT NULL,
    -- The application that it leads to; empty where it leads to the account. One that is gone by then is passed over.
    client_id  TEXT NOT NULL,
    -- The sign-in in progress that it is part of, sealed; empty for an administrator's.
    flow       TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
-- An administrator's next invitation of the same address takes the place of the one before. What strangers ask for does not:
-- nobody ends somebody else's link by asking for another.
CREATE UNIQUE INDEX invitations_by_email ON invitations (email) WHERE NOT self_asked;
CREATE INDEX invitations_by_end ON invitations (expires_at);

-- Codes to sign in with that were mailed.
CREATE TABLE sign_in_codes (
    id              TEXT PRIMARY KEY NOT NULL,
    user_id         TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- SHA-256 of the code and of a secret that only the asking browser has: nobody finds the code who has the row.
    code_hash       TEXT NOT NULL,
    -- When the account was last changed: any later change voids the code.
    unchanged_since BIGINT NOT NULL,
    -- The sign-in in progress that it is part of, sealed.
    flow            TEXT NOT NULL,
    -- None left: it was used, or guessed at too often.
    guesses_left    BIGINT NOT NULL,
    expires_at      BIGINT NOT NULL
);
CREATE INDEX sign_in_codes_by_user ON sign_in_codes (user_id);
CREATE INDEX sign_in_codes_by_end ON sign_in_codes (expires_at);
