-- Scopes that administrators define: what people are told about them, and which claims they bring into which tokens. A scope
-- that stands in no row is legal all the same: it is a word for the API that it is for.
CREATE TABLE scopes (
    -- The scope token.
    name        TEXT PRIMARY KEY NOT NULL,
    title       TEXT NOT NULL,
    description TEXT NOT NULL,
    -- Both in other languages: a JSON object with members such as title#de.
    localized   TEXT NOT NULL,
    -- A JSON list: which claim, from where, into which tokens.
    claims      TEXT NOT NULL,
    -- Does the discovery document name it?
    published   BOOLEAN NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL
);
