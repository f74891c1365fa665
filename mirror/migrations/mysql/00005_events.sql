-- The audit trail of services.
-- +goose Up
CREATE TABLE IF NOT EXISTS events (
    `id` BIGINT NOT NULL AUTO_INCREMENT,
    `service_ref` BIGINT NOT NULL,
    `at` DATETIME(6) NULL,
    `kind` VARCHAR(100) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    `actor` LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    `operation` VARBINARY(64) NOT NULL,
    `detail` LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    PRIMARY KEY (id),
    KEY events_service_ref (service_ref, id),
    CONSTRAINT events_services FOREIGN KEY (service_ref) REFERENCES services (id)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
