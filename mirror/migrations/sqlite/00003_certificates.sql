-- Provider certificate IDs. (account, certificate_id) is the natural key. No
-- row is ever deleted.
-- +goose Up
CREATE TABLE IF NOT EXISTS certificates (
    id INTEGER NOT NULL PRIMARY KEY,
    service_ref INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    account TEXT NOT NULL CHECK (octet_length(account) <= 100),
    certificate_id TEXT NOT NULL CHECK (octet_length(certificate_id) <= 255),
    order_id TEXT NOT NULL CHECK (octet_length(order_id) <= 255),
    reason TEXT NOT NULL,
    replaces TEXT NOT NULL CHECK (octet_length(replaces) <= 255),
    replaced_by TEXT NOT NULL CHECK (octet_length(replaced_by) <= 255),
    status TEXT NOT NULL,
    provider_status TEXT NOT NULL,
    status_detail TEXT NOT NULL,
    provider_product TEXT NOT NULL,
    activation_ends_on TEXT,
    common_name TEXT NOT NULL,
    domains TEXT NOT NULL,
    csr TEXT NOT NULL,
    web_server TEXT NOT NULL,
    contact TEXT NOT NULL,
    validation TEXT NOT NULL,
    serial_number TEXT CHECK (octet_length(serial_number) <= 255),
    not_before INTEGER,
    not_after INTEGER,
    issuer TEXT NOT NULL,
    pem TEXT NOT NULL,
    chain TEXT NOT NULL,
    created_at INTEGER,
    CONSTRAINT certificates_account_certificate_id UNIQUE (account, certificate_id),
    CONSTRAINT certificates_services FOREIGN KEY (service_ref) REFERENCES services (id)
) STRICT;
CREATE INDEX IF NOT EXISTS certificates_service_ref ON certificates (service_ref, ordinal);
