-- The last number that was given in each panel's change feed. turns grows with
-- every taking of the row, so that a cluster sees two of them as a conflict.
-- +goose Up
CREATE TABLE IF NOT EXISTS feeds (
    panel TEXT NOT NULL PRIMARY KEY CHECK (octet_length(panel) <= 64),
    sequence INTEGER NOT NULL,
    turns INTEGER NOT NULL
) STRICT;
