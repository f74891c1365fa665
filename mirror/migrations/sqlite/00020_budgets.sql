-- The calls that accounts made of late. state is JSON of the domain's; its writers
-- swap it by version.
-- +goose Up
CREATE TABLE IF NOT EXISTS budgets (
    account TEXT NOT NULL PRIMARY KEY CHECK (octet_length(account) <= 100),
    state BLOB NOT NULL,
    version INTEGER NOT NULL
) STRICT;
