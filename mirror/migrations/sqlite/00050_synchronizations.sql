-- Runs of the synchronization. open_kind is "real" or "dry" while a run is under
-- way and NULL afterwards: of each kind there is one at a time.
-- +goose Up
CREATE TABLE IF NOT EXISTS synchronizations (
    id TEXT NOT NULL PRIMARY KEY,
    open_kind TEXT,
    state TEXT NOT NULL,
    dry_run INTEGER NOT NULL,
    whole INTEGER NOT NULL,
    joined INTEGER NOT NULL,
    started_by TEXT NOT NULL,
    started_at INTEGER,
    finished_at INTEGER,
    CONSTRAINT synchronizations_open_kind UNIQUE (open_kind)
) STRICT;
CREATE INDEX IF NOT EXISTS synchronizations_started_at ON synchronizations (started_at);
