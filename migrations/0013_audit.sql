-- The audit log is looked through by action and by request as well; actor and target have their indexes (0010), and the
-- id sorts by time.
CREATE INDEX audit_log_by_action ON audit_log (action, id);
CREATE INDEX audit_log_by_correlation_id ON audit_log (correlation_id, id);

-- The chain of the audit log. Rows are written without a place in it, and are given one a moment later: seq counts 1, 2, 3 …,
-- mac is a keyed code over the columns of the row, link one over seq, the link before and mac.
ALTER TABLE audit_log ADD COLUMN seq BIGINT;
ALTER TABLE audit_log ADD COLUMN mac TEXT;
ALTER TABLE audit_log ADD COLUMN link TEXT;
CREATE UNIQUE INDEX audit_log_by_seq ON audit_log (seq) WHERE seq IS NOT NULL;
CREATE INDEX audit_log_without_place ON audit_log (id) WHERE seq IS NULL;

-- Two places of it: its head, behind which the next row comes, and its anchor, the last row that retention took.
CREATE TABLE audit_chain (
    name TEXT PRIMARY KEY NOT NULL,
    seq  BIGINT NOT NULL,
    link TEXT NOT NULL,
    mac  TEXT NOT NULL
);

-- What was counted in each minute and each hour, summed over all nodes. The names are a fixed list.
CREATE TABLE statistics (
    width BIGINT NOT NULL, -- 60 or 3600 seconds
    at    BIGINT NOT NULL, -- when that minute or hour began
    name  TEXT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (width, at, name)
);
