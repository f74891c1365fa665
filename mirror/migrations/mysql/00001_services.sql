-- What panels sell. (panel, service_id) is the natural key.
-- +goose Up
CREATE TABLE IF NOT EXISTS services (
    `id` BIGINT NOT NULL,
    `panel` VARBINARY(64) NOT NULL,
    `service_id` VARBINARY(64) NOT NULL,
    `account` VARBINARY(100) NOT NULL,
    `provider` VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    `environment` VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    `product` VARBINARY(100) NOT NULL,
    `years` INT NOT NULL,
    `additional_domains` INT NOT NULL,
    `client` LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    `state` VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    `status` VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    `synchronized_at` DATETIME(6) NULL,
    `created_at` DATETIME(6) NULL,
    `updated_at` DATETIME(6) NULL,
    `version` BIGINT NOT NULL,
    PRIMARY KEY (id),
    UNIQUE KEY services_panel_service_id (panel, service_id),
    KEY services_panel_status (panel, status, service_id)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
