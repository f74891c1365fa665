-- What the provider's list showed last of each certificate. (account,
-- certificate_id) is the natural key. All fingerprints of an account are read each
-- day, without the rest of the rows, so they have a key of their own.
-- +goose Up
CREATE TABLE IF NOT EXISTS listings (
    account TEXT NOT NULL CHECK (octet_length(account) <= 100),
    certificate_id TEXT NOT NULL CHECK (octet_length(certificate_id) <= 255),
    fingerprint INTEGER NOT NULL,
    summary TEXT NOT NULL,
    status TEXT NOT NULL,
    first_seen_at INTEGER,
    changed_at INTEGER,
    dismissed_by TEXT NOT NULL,
    dismissed_at INTEGER,
    dismissed_note TEXT NOT NULL,
    PRIMARY KEY (account, certificate_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS listings_fingerprints ON listings (account, certificate_id, fingerprint);
