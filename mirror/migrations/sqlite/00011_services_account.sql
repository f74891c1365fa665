-- The services of an account, of all panels.
-- +goose Up
CREATE INDEX IF NOT EXISTS services_account ON services (account, id);
