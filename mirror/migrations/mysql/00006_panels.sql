-- Billing panel installations.
-- +goose Up
CREATE TABLE IF NOT EXISTS panels (
    `id` VARBINARY(64) NOT NULL,
    `name` VARBINARY(255) NOT NULL,
    `created_at` DATETIME(6) NULL,
    PRIMARY KEY (id),
    UNIQUE KEY panels_name (name)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
