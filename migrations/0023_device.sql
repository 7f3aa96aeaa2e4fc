-- Requests of devices (RFC 8628): a row from the moment a device asks until an hour after its codes are worth nothing any more.
CREATE TABLE device_requests (
    -- Stands in the device code, which is sealed: nobody polls who only has the row.
    id             TEXT PRIMARY KEY NOT NULL,
    -- Under the server's secret: a code of eight letters could be found from a plain hash.
    user_code_hash TEXT NOT NULL UNIQUE,
    client_id      TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    scope          TEXT NOT NULL,
    state          TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'allowed', 'denied')),
    -- What a person allowed, sealed, as an authorization code would hold it; empty until then.
    grant_code     TEXT NOT NULL DEFAULT '',
    created_at     BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL
);
-- How many there are, of everybody and of one client, is asked at every new one.
CREATE INDEX device_requests_by_end ON device_requests (expires_at);
CREATE INDEX device_requests_by_client ON device_requests (client_id, expires_at);
