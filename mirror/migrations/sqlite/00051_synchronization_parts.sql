-- How far a run is in each account.
-- +goose Up
CREATE TABLE IF NOT EXISTS synchronization_parts (
    run TEXT NOT NULL,
    account TEXT NOT NULL CHECK (octet_length(account) <= 100),
    state TEXT NOT NULL,
    page_size INTEGER NOT NULL,
    pages_done INTEGER NOT NULL,
    pages_total INTEGER NOT NULL,
    certificates_seen INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    details INTEGER NOT NULL,
    services_changed INTEGER NOT NULL,
    provider_calls INTEGER NOT NULL,
    waiting_for TEXT NOT NULL,
    resumed INTEGER NOT NULL,
    reported INTEGER NOT NULL,
    omitted INTEGER NOT NULL,
    error_count INTEGER NOT NULL,
    errors TEXT NOT NULL,
    finished_at INTEGER,
    PRIMARY KEY (run, account),
    CONSTRAINT synchronization_parts_run FOREIGN KEY (run) REFERENCES synchronizations (id)
) STRICT, WITHOUT ROWID;
