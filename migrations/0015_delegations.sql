-- Who manages which application or group without being an administrator: a user, the members of a group, or a client. One
-- holder and one thing a row; with either of them it is gone, so that nobody inherits it with a name.
CREATE TABLE delegations (
    id            TEXT PRIMARY KEY NOT NULL,
    holder_user   TEXT REFERENCES users (id) ON DELETE CASCADE,
    holder_group  TEXT REFERENCES groups (id) ON DELETE CASCADE,
    holder_client TEXT REFERENCES clients (id) ON DELETE CASCADE,
    over_client   TEXT REFERENCES clients (id) ON DELETE CASCADE,
    over_group    TEXT REFERENCES groups (id) ON DELETE CASCADE,
    created_at    BIGINT NOT NULL,
    CHECK ((CASE WHEN holder_user IS NULL THEN 0 ELSE 1 END) + (CASE WHEN holder_group IS NULL THEN 0 ELSE 1 END)
           + (CASE WHEN holder_client IS NULL THEN 0 ELSE 1 END) = 1),
    CHECK ((CASE WHEN over_client IS NULL THEN 0 ELSE 1 END) + (CASE WHEN over_group IS NULL THEN 0 ELSE 1 END) = 1)
);
CREATE UNIQUE INDEX delegations_once ON delegations (
    COALESCE(holder_user, ''), COALESCE(holder_group, ''), COALESCE(holder_client, ''),
    COALESCE(over_client, ''), COALESCE(over_group, '')
);
-- What is looked for at every request of administration, and what is removed with its object.
CREATE INDEX delegations_by_user ON delegations (holder_user);
CREATE INDEX delegations_by_group ON delegations (holder_group);
CREATE INDEX delegations_by_client ON delegations (holder_client);
CREATE INDEX delegations_over_client ON delegations (over_client);
CREATE INDEX delegations_over_group ON delegations (over_group);
