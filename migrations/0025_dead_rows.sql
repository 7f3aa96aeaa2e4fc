-- What ended before its time, for the clean-up: it is deleted soon and does not stay until it would have run out.
CREATE INDEX sessions_ended ON sessions (created_at) WHERE state = 'ended';
CREATE INDEX grants_revoked ON grants (created_at) WHERE state = 'revoked';
-- Grants that end with their session.
CREATE INDEX grants_of_sessions ON grants (session_id) WHERE NOT offline;
