-- What was seen before a charge and after it, what a person decided, and what
-- was said to the provider. All that is new has a value for rows that are there.
-- +goose Up
ALTER TABLE operations
    ADD COLUMN `fence` BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN `noted` LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
    ADD COLUMN `looks` INT NOT NULL DEFAULT 0,
    ADD COLUMN `look_at` DATETIME(6) NULL,
    ADD COLUMN `evidence` LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
    ADD COLUMN `decision` LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
    ADD COLUMN `exchanges` LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
    ADD KEY operations_account_open (account, open_service),
    ADD KEY operations_account_kind (account, kind, id),
    ADD KEY operations_look_at (look_at);
