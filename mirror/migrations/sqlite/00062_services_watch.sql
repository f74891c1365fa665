-- When the provider is to be asked again about what is being validated, and since
-- when it is.
-- +goose Up
ALTER TABLE services ADD COLUMN watch_at INTEGER;
ALTER TABLE services ADD COLUMN watch_since INTEGER;
CREATE INDEX IF NOT EXISTS services_watch_at ON services (watch_at) WHERE watch_at IS NOT NULL;
