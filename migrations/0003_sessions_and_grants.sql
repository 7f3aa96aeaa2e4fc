-- What nodes tell each other: every change of something that they may remember, numbered in the order of its commit.
CREATE TABLE changes (
    id     BIGINT PRIMARY KEY NOT NULL,
    -- What changed, one topic a line: `user:<id>`, `session:<id>` …
    topics TEXT NOT NULL
);

-- The number of the last change, in the only row. Whoever commits a change holds it, so that numbers are never seen
-- out of order.
CREATE TABLE last_change (
    id BIGINT NOT NULL
);
INSERT INTO last_change (id) VALUES (0);
