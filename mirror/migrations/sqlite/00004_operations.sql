-- The journal. open_service is service_ref while the operation is open: a
-- service has at most one open operation.
-- +goose Up
CREATE TABLE IF NOT EXISTS operations (
    id TEXT NOT NULL PRIMARY KEY CHECK (octet_length(id) <= 64),
    service_ref INTEGER NOT NULL,
    open_service INTEGER,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    panel TEXT NOT NULL CHECK (octet_length(panel) <= 64),
    service_id TEXT NOT NULL CHECK (octet_length(service_id) <= 64),
    account TEXT NOT NULL CHECK (octet_length(account) <= 100),
    certificate_id TEXT NOT NULL CHECK (octet_length(certificate_id) <= 255),
    requested_by TEXT NOT NULL,
    request TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    result TEXT NOT NULL,
    failure TEXT,
    created_at INTEGER,
    sent_at INTEGER,
    finished_at INTEGER,
    updated_at INTEGER,
    version INTEGER NOT NULL,
    CONSTRAINT operations_open_service UNIQUE (open_service),
    CONSTRAINT operations_services FOREIGN KEY (service_ref) REFERENCES services (id)
) STRICT;
CREATE INDEX IF NOT EXISTS operations_service_ref ON operations (service_ref);
