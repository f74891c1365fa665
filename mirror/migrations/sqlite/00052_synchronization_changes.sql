-- The reports of runs: what panels see of services that is not what it was.
-- +goose Up
CREATE TABLE IF NOT EXISTS synchronization_changes (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    run TEXT NOT NULL,
    account TEXT NOT NULL,
    panel TEXT NOT NULL,
    service_id TEXT NOT NULL,
    certificate_id TEXT NOT NULL,
    field TEXT NOT NULL,
    old_value TEXT NOT NULL,
    new_value TEXT NOT NULL,
    CONSTRAINT synchronization_changes_run FOREIGN KEY (run) REFERENCES synchronizations (id)
) STRICT;
CREATE INDEX IF NOT EXISTS synchronization_changes_run ON synchronization_changes (run, id);
CREATE INDEX IF NOT EXISTS synchronization_changes_panel ON synchronization_changes (run, panel, id);
