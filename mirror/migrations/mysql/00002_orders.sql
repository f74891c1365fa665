-- Paid purchases upstream. (account, order_id) is the natural key; an order
-- has at most one successor.
-- +goose Up
CREATE TABLE IF NOT EXISTS orders (
    `id` BIGINT NOT NULL,
    `service_ref` BIGINT NOT NULL,
    `ordinal` INT NOT NULL,
    `account` VARBINARY(100) NOT NULL,
    `order_id` VARBINARY(255) NULL,
    `transaction_id` VARBINARY(255) NOT NULL,
    `predecessor` VARBINARY(255) NULL,
    `years` INT NOT NULL,
    `charged_units` BIGINT NOT NULL,
    `charged_currency` CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    `purchased_on` DATE NULL,
    `starts_on` DATE NULL,
    `ends_on` DATE NULL,
    PRIMARY KEY (id),
    UNIQUE KEY orders_account_order_id (account, order_id),
    UNIQUE KEY orders_account_predecessor (account, predecessor),
    KEY orders_service_ref (service_ref, ordinal),
    CONSTRAINT orders_services FOREIGN KEY (service_ref) REFERENCES services (id)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
