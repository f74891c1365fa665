-- What panels sell. (panel, service_id) is the natural key.
-- +goose Up
CREATE TABLE IF NOT EXISTS services (
    id INTEGER NOT NULL PRIMARY KEY,
    panel TEXT NOT NULL CHECK (octet_length(panel) <= 64),
    service_id TEXT NOT NULL CHECK (octet_length(service_id) <= 64),
    account TEXT NOT NULL CHECK (octet_length(account) <= 100),
    provider TEXT NOT NULL,
    environment TEXT NOT NULL,
    product TEXT NOT NULL CHECK (octet_length(product) <= 100),
    years INTEGER NOT NULL,
    additional_domains INTEGER NOT NULL,
    client TEXT NOT NULL,
    state TEXT NOT NULL,
    status TEXT NOT NULL,
    synchronized_at INTEGER,
    created_at INTEGER,
    updated_at INTEGER,
    version INTEGER NOT NULL,
    CONSTRAINT services_panel_service_id UNIQUE (panel, service_id)
) STRICT;
CREATE INDEX IF NOT EXISTS services_panel_status ON services (panel, status, service_id);
