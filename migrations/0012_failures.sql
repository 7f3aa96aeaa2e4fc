-- Requests of applications that were refused, for whoever wants to know why. Bounded: so many a second, the newest of them
-- only, and no secrets.
CREATE TABLE failures (
    id             TEXT PRIMARY KEY NOT NULL,
    at             BIGINT NOT NULL,
    correlation_id TEXT NOT NULL,
    endpoint       TEXT NOT NULL,
    client_id      TEXT NOT NULL, -- as it was sent; empty if it was not
    error          TEXT NOT NULL,
    cause          TEXT NOT NULL,
    section        TEXT NOT NULL,
    advice         TEXT NOT NULL,
    request        TEXT NOT NULL  -- JSON: an array of pairs of texts
);
CREATE INDEX failures_by_correlation_id ON failures (correlation_id);
CREATE INDEX failures_by_client ON failures (client_id, id);
