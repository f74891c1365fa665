-- The services of an account, of all panels.
-- +goose Up
ALTER TABLE services ADD KEY services_account (account, id);
