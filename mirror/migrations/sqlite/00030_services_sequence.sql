-- The place of a service in its panel's change feed: NULL while it was written
-- since it was given a number, whoever wrote it.
-- +goose Up
ALTER TABLE services ADD COLUMN feed_number INTEGER;
ALTER TABLE services ADD COLUMN feed_version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE services ADD COLUMN sequence INTEGER GENERATED ALWAYS AS (CASE WHEN feed_version = version THEN feed_number END) VIRTUAL;
CREATE INDEX IF NOT EXISTS services_panel_sequence ON services (panel, sequence);
