-- Answers kept for the repetition of their requests. The only rows that are
-- deleted, when they are 30 days old.
-- +goose Up
CREATE TABLE IF NOT EXISTS idempotency_keys (
    panel TEXT NOT NULL CHECK (octet_length(panel) <= 64),
    idempotency_key TEXT NOT NULL CHECK (octet_length(idempotency_key) <= 255),
    fingerprint BLOB NOT NULL,
    status INTEGER NOT NULL,
    header TEXT NOT NULL,
    body BLOB,
    created_at INTEGER,
    PRIMARY KEY (panel, idempotency_key)
) STRICT;
CREATE INDEX IF NOT EXISTS idempotency_keys_created_at ON idempotency_keys (created_at);
