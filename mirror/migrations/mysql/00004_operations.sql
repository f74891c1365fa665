-- The journal. open_service is service_ref while the operation is open: a
-- service has at most one open operation.
-- +goose Up
CREATE TABLE IF NOT EXISTS operations (
    `id` VARBINARY(64) NOT NULL,
    `service_ref` BIGINT NOT NULL,
    `open_service` BIGINT NULL,
    `kind` VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    `state` VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    `panel` VARBINARY(64) NOT NULL,
    `service_id` VARBINARY(64) NOT NULL,
    `account` VARBINARY(100) NOT NULL,
    `certificate_id` VARBINARY(255) NOT NULL,
    `requested_by` LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    `request` LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    `attempts` INT NOT NULL,
    `result` LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    `failure` LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
    `created_at` DATETIME(6) NULL,
    `sent_at` DATETIME(6) NULL,
    `finished_at` DATETIME(6) NULL,
    `updated_at` DATETIME(6) NULL,
    `version` BIGINT NOT NULL,
    PRIMARY KEY (id),
    UNIQUE KEY operations_open_service (open_service),
    KEY operations_service_ref (service_ref),
    CONSTRAINT operations_services FOREIGN KEY (service_ref) REFERENCES services (id)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
