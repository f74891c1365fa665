-- The earliest end of an issued certificate: not later than that of the one in use,
-- and looking at the service then sets it right.
-- +goose Up
UPDATE services SET current_ends_at = (
    SELECT MIN(certificates.not_after) FROM certificates
    WHERE certificates.service_ref = services.id AND certificates.status = 'issued'
) WHERE status = 'issued' AND current_ends_at IS NULL;
