-- A client's secret that was replaced, and goes on working until a moment: like the one before it, as hash, and sealed where it
-- serves as a key.
ALTER TABLE clients ADD COLUMN old_secret_hash TEXT;
ALTER TABLE clients ADD COLUMN old_sealed_secret TEXT;
ALTER TABLE clients ADD COLUMN old_secret_until BIGINT;
