-- Operations that were open before somebody looked after them are looked after now.
-- +goose Up
UPDATE operations SET look_at = updated_at
WHERE open_service IS NOT NULL AND look_at IS NULL AND state IN ('sent', 'uncertain');
