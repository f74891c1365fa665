-- What the panel was told to invoice on, what waits for an operator, and when the
-- certificate in use ends. Rows that are there get theirs with their next write.
-- +goose Up
ALTER TABLE services ADD COLUMN due_date TEXT;
ALTER TABLE services ADD COLUMN previous_due_date TEXT;
ALTER TABLE services ADD COLUMN held_due_date TEXT;
ALTER TABLE services ADD COLUMN held_because TEXT NOT NULL DEFAULT '';
ALTER TABLE services ADD COLUMN rejected_due_date TEXT;
ALTER TABLE services ADD COLUMN current_ends_at INTEGER;
CREATE INDEX IF NOT EXISTS services_held_due_date ON services (held_due_date, id) WHERE held_due_date IS NOT NULL;
CREATE INDEX IF NOT EXISTS services_current_ends_at ON services (current_ends_at, id) WHERE current_ends_at IS NOT NULL;
