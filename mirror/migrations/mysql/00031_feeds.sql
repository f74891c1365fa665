-- The last number that was given in each panel's change feed. turns grows with
-- every taking of the row, so that a cluster sees two of them as a conflict.
-- +goose Up
CREATE TABLE IF NOT EXISTS feeds (
    `panel` VARBINARY(64) NOT NULL,
    `sequence` BIGINT NOT NULL,
    `turns` BIGINT NOT NULL,
    PRIMARY KEY (panel)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
