-- Who said that an order, bought elsewhere, belongs to its service; empty for what
-- was bought for it.
-- +goose Up
ALTER TABLE orders ADD COLUMN `linked_by` VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT '';
