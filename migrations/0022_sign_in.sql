-- The browser that waits for a code, by the hash of its cookie: when it asks for another one, this one is worth nothing any more.
ALTER TABLE sign_in_codes ADD COLUMN browser TEXT NOT NULL DEFAULT '';

-- What address the account had when a link was made. A link that was mailed to another one gives it that, once it is confirmed: until
-- then the account has the one that it had.
ALTER TABLE mailed_links ADD COLUMN former TEXT NOT NULL DEFAULT '';
UPDATE mailed_links SET former = address;
