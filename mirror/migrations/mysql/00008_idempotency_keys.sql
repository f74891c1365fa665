-- Answers kept for the repetition of their requests. The only rows that are
-- deleted, when they are 30 days old.
-- +goose Up
CREATE TABLE IF NOT EXISTS idempotency_keys (
    `panel` VARBINARY(64) NOT NULL,
    `idempotency_key` VARBINARY(255) NOT NULL,
    `fingerprint` VARBINARY(64) NOT NULL,
    `status` INT NOT NULL,
    `header` LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    `body` LONGBLOB NULL,
    `created_at` DATETIME(6) NULL,
    PRIMARY KEY (panel, idempotency_key),
    KEY idempotency_keys_created_at (created_at)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
