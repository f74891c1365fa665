-- The calls that accounts made of late. state is JSON of the domain's; its writers
-- swap it by version.
-- +goose Up
CREATE TABLE IF NOT EXISTS budgets (
    `account` VARBINARY(100) NOT NULL,
    `state` BLOB NOT NULL,
    `version` BIGINT NOT NULL,
    PRIMARY KEY (account)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
