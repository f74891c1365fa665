-- Runs of the synchronization. open_kind is "real" or "dry" while a run is under
-- way and NULL afterwards: of each kind there is one at a time.
-- +goose Up
CREATE TABLE IF NOT EXISTS synchronizations (
    `id` VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    `open_kind` VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NULL,
    `state` VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    `dry_run` TINYINT(1) NOT NULL,
    `whole` TINYINT(1) NOT NULL,
    `joined` INT NOT NULL,
    `started_by` LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    `started_at` DATETIME(6) NULL,
    `finished_at` DATETIME(6) NULL,
    PRIMARY KEY (id),
    UNIQUE KEY synchronizations_open_kind (open_kind),
    KEY synchronizations_started_at (started_at)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
