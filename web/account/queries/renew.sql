-- name: DeviceForRenewal :one
SELECT d.id FROM devices d JOIN users u ON u.id = d.user_id
WHERE u.aor = $1 AND d.node_id = $2 AND d.revoked_at IS NULL AND u.disabled_at IS NULL
FOR UPDATE OF d;

-- name: RenewDevice :exec
UPDATE devices SET certificate = $2, issued_at = now(), expires_at = $3 WHERE id = $1;
