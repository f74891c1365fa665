-- The reports of runs: what panels see of services that is not what it was.
-- +goose Up
CREATE TABLE IF NOT EXISTS synchronization_changes (
    `id` BIGINT NOT NULL AUTO_INCREMENT,
    `run` VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    `account` VARBINARY(100) NOT NULL,
    `panel` VARBINARY(100) NOT NULL,
    `service_id` VARBINARY(100) NOT NULL,
    `certificate_id` VARBINARY(255) NOT NULL,
    `field` VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    `old_value` LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    `new_value` LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    PRIMARY KEY (id),
    KEY synchronization_changes_run (run, id),
    KEY synchronization_changes_panel (run, panel, id),
    CONSTRAINT synchronization_changes_run FOREIGN KEY (run) REFERENCES synchronizations (id)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
