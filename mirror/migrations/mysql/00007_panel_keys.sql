-- API keys of panels; of their secrets only the hash.
-- +goose Up
CREATE TABLE IF NOT EXISTS panel_keys (
    `id` VARBINARY(64) NOT NULL,
    `panel` VARBINARY(64) NOT NULL,
    `secret_hash` VARBINARY(64) NOT NULL,
    `scopes` LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    `addresses` LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    `created_at` DATETIME(6) NULL,
    `expires_at` DATETIME(6) NULL,
    `revoked_at` DATETIME(6) NULL,
    PRIMARY KEY (id),
    KEY panel_keys_panel (panel),
    CONSTRAINT panel_keys_panels FOREIGN KEY (panel) REFERENCES panels (id)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
