-- How many certificates of an account showed that expiry dates mean the end of the
-- leaf, or that of the term.
-- +goose Up
CREATE TABLE IF NOT EXISTS expiry_evidence (
    `account` VARBINARY(100) NOT NULL,
    `leaf` BIGINT NOT NULL,
    `term` BIGINT NOT NULL,
    PRIMARY KEY (account)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
