-- Leases on the purchase lanes of accounts. ends_at is in microseconds since
-- 1970. No row is ever deleted: the fence must not begin anew.
-- +goose Up
CREATE TABLE IF NOT EXISTS lanes (
    account TEXT NOT NULL PRIMARY KEY CHECK (octet_length(account) <= 100),
    holder TEXT NOT NULL CHECK (octet_length(holder) <= 255),
    fence INTEGER NOT NULL,
    ends_at INTEGER NOT NULL
) STRICT;
