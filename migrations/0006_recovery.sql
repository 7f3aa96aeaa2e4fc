-- Links that were mailed to the address of an account. A row is the link: using it deletes it.
CREATE TABLE mailed_links (
    user_id         TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- reset_password or verify_address. A new link takes the place of the one before.
    aim             TEXT NOT NULL,
    -- SHA-256 of 256 random bits.
    token_hash      TEXT NOT NULL UNIQUE,
    -- What the account was like when the link was made: what it may do depends on that.
    address         TEXT NOT NULL,
    unchanged_since BIGINT NOT NULL,
    expires_at      BIGINT NOT NULL,
    PRIMARY KEY (user_id, aim)
);
CREATE INDEX mailed_links_by_expiry ON mailed_links (expires_at);
