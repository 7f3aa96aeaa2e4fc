-- The key that a grant's refresh tokens are bound to (RFC 9449 section 5), by its thumbprint; NULL where they are bound to none.
ALTER TABLE grants ADD COLUMN dpop_jkt TEXT;
