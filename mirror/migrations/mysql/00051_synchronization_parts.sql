-- How far a run is in each account.
-- +goose Up
CREATE TABLE IF NOT EXISTS synchronization_parts (
    `run` VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    `account` VARBINARY(100) NOT NULL,
    `state` VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    `page_size` INT NOT NULL,
    `pages_done` INT NOT NULL,
    `pages_total` INT NOT NULL,
    `certificates_seen` INT NOT NULL,
    `changed` INT NOT NULL,
    `details` INT NOT NULL,
    `services_changed` INT NOT NULL,
    `provider_calls` INT NOT NULL,
    `waiting_for` LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    `resumed` TINYINT(1) NOT NULL,
    `reported` INT NOT NULL,
    `omitted` INT NOT NULL,
    `error_count` INT NOT NULL,
    `errors` LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    `finished_at` DATETIME(6) NULL,
    PRIMARY KEY (run, account),
    CONSTRAINT synchronization_parts_run FOREIGN KEY (run) REFERENCES synchronizations (id)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
