-- What was being validated before somebody watched it is watched from now on.
-- +goose Up
UPDATE services SET watch_at = updated_at, watch_since = updated_at
WHERE watch_at IS NULL AND state <> 'terminated' AND id IN (
    SELECT service_ref FROM certificates WHERE status IN ('pending_validation', 'pending_documents'));
