-- The place of a service in its panel's change feed: NULL while it was written
-- since it was given a number, whoever wrote it.
-- +goose Up
ALTER TABLE services
    ADD COLUMN `feed_number` BIGINT NULL,
    ADD COLUMN `feed_version` BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN `sequence` BIGINT GENERATED ALWAYS AS (CASE WHEN feed_version = version THEN feed_number END) STORED,
    ADD KEY services_panel_sequence (panel, sequence);
