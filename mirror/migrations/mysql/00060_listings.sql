-- What the provider's list showed last of each certificate. (account,
-- certificate_id) is the natural key. All fingerprints of an account are read each
-- day, without the rest of the rows, so they have a key of their own.
-- +goose Up
CREATE TABLE IF NOT EXISTS listings (
    `account` VARBINARY(100) NOT NULL,
    `certificate_id` VARBINARY(255) NOT NULL,
    `fingerprint` BIGINT NOT NULL,
    `summary` LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    `status` VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    `first_seen_at` DATETIME(6) NULL,
    `changed_at` DATETIME(6) NULL,
    `dismissed_by` VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    `dismissed_at` DATETIME(6) NULL,
    `dismissed_note` LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    PRIMARY KEY (account, certificate_id),
    KEY listings_fingerprints (account, certificate_id, fingerprint)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
