-- What administrators chose at run time for how this server looks: one row, which is there from the start, so that the first change
-- is an update like every other. What is NULL is as countersign.toml says, or else the product's own. The logo is a PNG or an SVG,
-- in base64; when it was last changed is its version.
CREATE TABLE branding (
    id           BIGINT PRIMARY KEY NOT NULL CHECK (id = 1),
    name         TEXT,
    logo         TEXT,
    accent_light TEXT,
    accent_dark  TEXT,
    updated_at   BIGINT NOT NULL
);
INSERT INTO branding (id, updated_at) VALUES (1, 0);
