-- The accounts of people whom the organisation's directory (LDAP) knows.
CREATE TABLE directory_entries (
    user_id     TEXT PRIMARY KEY NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- The entry's own unique id (entryUUID, objectGUID), which outlasts every renaming.
    entry_id    TEXT NOT NULL UNIQUE,
    -- As they were at the last sign-in, as JSON.
    group_names TEXT NOT NULL,
    seen_at     BIGINT NOT NULL
);
