-- The words that a user is found by: of the user name, the address and the name, in lower case, as hexadecimal of UTF-8, which every
-- collation sorts the same way. Written behind: a user whose words are not known is found all the same, only not as quickly.
CREATE TABLE user_words (
    word    TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (word, user_id)
);
CREATE INDEX user_words_by_user ON user_words (user_id);

-- Whatever changes a user name, an address or a name sets this to FALSE.
ALTER TABLE users ADD COLUMN words_known BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX users_without_words ON users (id) WHERE NOT words_known;

-- Applications page by page, in the order of their registration.
CREATE INDEX clients_by_age ON clients (created_at, id);
