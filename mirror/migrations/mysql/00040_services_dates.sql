-- What the panel was told to invoice on, what waits for an operator, and when the
-- certificate in use ends. Rows that are there get theirs with their next write.
-- +goose Up
ALTER TABLE services
    ADD COLUMN `due_date` DATE NULL,
    ADD COLUMN `previous_due_date` DATE NULL,
    ADD COLUMN `held_due_date` DATE NULL,
    ADD COLUMN `held_because` VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
    ADD COLUMN `rejected_due_date` DATE NULL,
    ADD COLUMN `current_ends_at` DATETIME(6) NULL,
    ADD KEY services_held_due_date (held_due_date, id),
    ADD KEY services_current_ends_at (current_ends_at, id);
