-- Programs elsewhere that are told of what happens here. The audit log is the outbox: each endpoint knows how far along the
-- log's chain it was told, so that what is committed is told, whatever restarts.
CREATE TABLE webhooks (
    id          TEXT PRIMARY KEY NOT NULL,
    url         TEXT NOT NULL,
    description TEXT NOT NULL,
    events      TEXT NOT NULL, -- types, separated by spaces
    -- active, paused (by an administrator) or stopped (by the server).
    state       TEXT NOT NULL,
    -- Why the last attempt failed, or the server stopped it; empty otherwise.
    cause       TEXT NOT NULL,
    -- Both sealed. The old one signs as well, until its time is over.
    secret           TEXT NOT NULL,
    old_secret       TEXT,
    old_secret_until BIGINT,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    -- The place in the audit log up to which it was told.
    place       BIGINT NOT NULL,
    -- When the next is told at the earliest, or until when it is leased to whoever tells.
    due_at      BIGINT NOT NULL,
    -- How often the next one failed, and since when nothing has arrived.
    attempts      BIGINT NOT NULL,
    failing_since BIGINT
);

-- The latest deliveries of each, and what an administrator asked for besides.
CREATE TABLE webhook_deliveries (
    webhook_id TEXT NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    id         TEXT NOT NULL, -- webhook-id of the message
    audit_id   TEXT NOT NULL, -- empty for a test
    event      TEXT NOT NULL,
    -- waiting (asked for by hand), retrying, delivered or failed.
    state      TEXT NOT NULL,
    status     BIGINT,        -- of the answer; none where none came
    cause      TEXT NOT NULL,
    attempts   BIGINT NOT NULL,
    at         BIGINT NOT NULL, -- of the event
    tried_at   BIGINT NOT NULL,
    PRIMARY KEY (webhook_id, id)
);
CREATE INDEX webhook_deliveries_waiting ON webhook_deliveries (webhook_id, id) WHERE state = 'waiting';
CREATE INDEX webhook_deliveries_by_time ON webhook_deliveries (webhook_id, tried_at, id);

-- An administrator wants the user to choose another password before the old one opens anything again.
ALTER TABLE users ADD COLUMN new_password_required BOOLEAN NOT NULL DEFAULT FALSE;

-- The outbox is looked through by state.
CREATE INDEX mails_by_state ON mails (state, id);
