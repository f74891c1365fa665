-- When the provider is to be asked again about what is being validated, and since
-- when it is.
-- +goose Up
ALTER TABLE services
    ADD COLUMN `watch_at` DATETIME(6) NULL,
    ADD COLUMN `watch_since` DATETIME(6) NULL,
    ADD KEY services_watch_at (watch_at);
