-- API keys of panels; of their secrets only the hash.
-- +goose Up
CREATE TABLE IF NOT EXISTS panel_keys (
    id TEXT NOT NULL PRIMARY KEY CHECK (octet_length(id) <= 64),
    panel TEXT NOT NULL CHECK (octet_length(panel) <= 64),
    secret_hash BLOB NOT NULL,
    scopes TEXT NOT NULL,
    addresses TEXT NOT NULL,
    created_at INTEGER,
    expires_at INTEGER,
    revoked_at INTEGER,
    CONSTRAINT panel_keys_panels FOREIGN KEY (panel) REFERENCES panels (id)
) STRICT;
CREATE INDEX IF NOT EXISTS panel_keys_panel ON panel_keys (panel);
