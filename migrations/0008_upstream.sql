-- Who people are elsewhere: each account at an upstream provider belongs to one account here.
CREATE TABLE identities (
    id           TEXT PRIMARY KEY NOT NULL,
    user_id      TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- The provider, by its name in the configuration.
    upstream     TEXT NOT NULL,
    -- What the provider knows its user by: `sub`, or what stands for it.
    subject      TEXT NOT NULL,
    -- For its owner to recognise it by: an address or a name.
    label        TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    UNIQUE (upstream, subject)
);
CREATE INDEX identities_by_user ON identities (user_id);
