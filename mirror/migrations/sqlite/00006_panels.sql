-- Billing panel installations.
-- +goose Up
CREATE TABLE IF NOT EXISTS panels (
    id TEXT NOT NULL PRIMARY KEY CHECK (octet_length(id) <= 64),
    name TEXT NOT NULL CHECK (octet_length(name) <= 255),
    created_at INTEGER,
    CONSTRAINT panels_name UNIQUE (name)
) STRICT;
