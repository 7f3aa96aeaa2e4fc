-- Mail on its way out. A waiting row is the order to send one mail: it is there until the mail was taken by a mail server,
-- whatever restarts.
CREATE TABLE mails (
    id         TEXT PRIMARY KEY NOT NULL,
    to_address TEXT NOT NULL,
    kind       TEXT NOT NULL,
    -- Language and message, with its link or code, sealed. Only while it waits.
    content    TEXT,
    -- waiting, sent or failed.
    state      TEXT NOT NULL,
    -- Why the last attempt failed; empty where none did.
    cause      TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    -- When it is tried next, or until when it is leased to whoever tries; only while it waits.
    due_at     BIGINT,
    attempts   BIGINT NOT NULL,
    -- Waiting: it is of no use any more then. Afterwards: the row is forgotten then.
    ends_at    BIGINT NOT NULL
);
CREATE INDEX mails_due ON mails (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX mails_by_end ON mails (ends_at);

-- When the last three mails went to an address, known by a code that only this server can compute.
CREATE TABLE mail_limits (
    bucket         TEXT PRIMARY KEY NOT NULL,
    last_at        BIGINT NOT NULL,
    second_last_at BIGINT NOT NULL,
    third_last_at  BIGINT NOT NULL
);
CREATE INDEX mail_limits_by_age ON mail_limits (last_at);
