-- How many certificates of an account showed that expiry dates mean the end of the
-- leaf, or that of the term.
-- +goose Up
CREATE TABLE IF NOT EXISTS expiry_evidence (
    account TEXT NOT NULL PRIMARY KEY CHECK (octet_length(account) <= 100),
    leaf INTEGER NOT NULL,
    term INTEGER NOT NULL
) STRICT;
