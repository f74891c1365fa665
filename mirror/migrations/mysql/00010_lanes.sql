-- Leases on the purchase lanes of accounts. ends_at is in microseconds since
-- 1970. No row is ever deleted: the fence must not begin anew.
-- +goose Up
CREATE TABLE IF NOT EXISTS lanes (
    `account` VARBINARY(100) NOT NULL,
    `holder` VARBINARY(255) NOT NULL,
    `fence` BIGINT NOT NULL,
    `ends_at` BIGINT NOT NULL,
    PRIMARY KEY (account)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
