-- Of the three mails that an address gets within an hour, one is kept for whoever lost their password: mails that recover an
-- account are counted apart from the others, which get two. In both rows of times the newest stands first; 0 is never.
ALTER TABLE mail_limits ADD COLUMN recovery_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE mail_limits ADD COLUMN second_recovery_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE mail_limits ADD COLUMN third_recovery_at BIGINT NOT NULL DEFAULT 0;
-- What was counted together until now goes on counting.
UPDATE mail_limits SET recovery_at = third_last_at;
ALTER TABLE mail_limits DROP COLUMN third_last_at;

-- User names that were given up, for as long as nobody else may have them. Neither name nor account can be told from a row
-- without the server's secret.
CREATE TABLE kept_names (
    name_hash  TEXT PRIMARY KEY NOT NULL,
    -- Whose it was, who may have it back.
    owner_hash TEXT NOT NULL,
    ends_at    BIGINT NOT NULL
);
CREATE INDEX kept_names_by_end ON kept_names (ends_at);
