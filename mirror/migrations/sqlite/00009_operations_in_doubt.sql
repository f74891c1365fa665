-- What was seen before a charge and after it, what a person decided, and what
-- was said to the provider. All that is new has a value for rows that are there.
-- +goose Up
ALTER TABLE operations ADD COLUMN fence INTEGER NOT NULL DEFAULT 0;
ALTER TABLE operations ADD COLUMN noted TEXT;
ALTER TABLE operations ADD COLUMN looks INTEGER NOT NULL DEFAULT 0;
ALTER TABLE operations ADD COLUMN look_at INTEGER;
ALTER TABLE operations ADD COLUMN evidence TEXT;
ALTER TABLE operations ADD COLUMN decision TEXT;
ALTER TABLE operations ADD COLUMN exchanges TEXT;
CREATE INDEX IF NOT EXISTS operations_account_open ON operations (account, open_service);
CREATE INDEX IF NOT EXISTS operations_account_kind ON operations (account, kind, id);
CREATE INDEX IF NOT EXISTS operations_look_at ON operations (look_at);
