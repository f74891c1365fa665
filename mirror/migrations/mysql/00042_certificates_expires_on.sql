-- The expiry date that the provider named last.
-- +goose Up
ALTER TABLE certificates ADD COLUMN `expires_on` DATE NULL;
