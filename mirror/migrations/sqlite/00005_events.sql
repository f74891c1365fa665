-- The audit trail of services.
-- +goose Up
CREATE TABLE IF NOT EXISTS events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    service_ref INTEGER NOT NULL,
    at INTEGER,
    kind TEXT NOT NULL,
    actor TEXT NOT NULL,
    operation TEXT NOT NULL CHECK (octet_length(operation) <= 64),
    detail TEXT NOT NULL,
    CONSTRAINT events_services FOREIGN KEY (service_ref) REFERENCES services (id)
) STRICT;
CREATE INDEX IF NOT EXISTS events_service_ref ON events (service_ref, id);
