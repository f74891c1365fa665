-- Paid purchases upstream. (account, order_id) is the natural key; an order
-- has at most one successor.
-- +goose Up
CREATE TABLE IF NOT EXISTS orders (
    id INTEGER NOT NULL PRIMARY KEY,
    service_ref INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    account TEXT NOT NULL CHECK (octet_length(account) <= 100),
    order_id TEXT CHECK (octet_length(order_id) <= 255),
    transaction_id TEXT NOT NULL CHECK (octet_length(transaction_id) <= 255),
    predecessor TEXT CHECK (octet_length(predecessor) <= 255),
    years INTEGER NOT NULL,
    charged_units INTEGER NOT NULL,
    charged_currency TEXT NOT NULL,
    purchased_on TEXT,
    starts_on TEXT,
    ends_on TEXT,
    CONSTRAINT orders_account_order_id UNIQUE (account, order_id),
    CONSTRAINT orders_account_predecessor UNIQUE (account, predecessor),
    CONSTRAINT orders_services FOREIGN KEY (service_ref) REFERENCES services (id)
) STRICT;
CREATE INDEX IF NOT EXISTS orders_service_ref ON orders (service_ref, ordinal);
