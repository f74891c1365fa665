-- Who said that an order, bought elsewhere, belongs to its service; empty for what
-- was bought for it.
-- +goose Up
ALTER TABLE orders ADD COLUMN linked_by TEXT NOT NULL DEFAULT '';
