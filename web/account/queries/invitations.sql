-- name: InsertInvitation :one
INSERT INTO invitations (id, user_id, purpose, secret_hash, expires_at)
VALUES (@id, @user_id, @purpose, @secret_hash, @expires_at)
RETURNING *;

-- name: Invitations :many
SELECT sqlc.embed(invitations), users.aor FROM invitations JOIN users ON users.id = invitations.user_id
ORDER BY invitations.id DESC LIMIT 500;

-- name: RevokeInvitation :execrows
UPDATE invitations SET revoked_at = now()
WHERE id = @id AND redeemed_at IS NULL AND revoked_at IS NULL;

-- name: RevokeInvitationsOfUser :exec
UPDATE invitations SET revoked_at = now()
WHERE user_id = @user_id AND redeemed_at IS NULL AND revoked_at IS NULL;

-- name: RevokeInvitationsOfPurpose :exec
UPDATE invitations SET revoked_at = now()
WHERE user_id = @user_id AND purpose = @purpose AND redeemed_at IS NULL AND revoked_at IS NULL;

-- name: RedeemInvitation :one
-- Two who redeem at once: the second waits for the first one's transaction and then finds it redeemed.
UPDATE invitations SET redeemed_at = now()
FROM users
WHERE invitations.secret_hash = @secret_hash AND invitations.purpose = @purpose
  AND invitations.redeemed_at IS NULL AND invitations.revoked_at IS NULL AND invitations.expires_at > now()
  AND users.id = invitations.user_id AND users.disabled_at IS NULL
RETURNING invitations.id, invitations.user_id, users.aor;

-- name: PasswordInvitationUser :one
SELECT users.* FROM invitations JOIN users ON users.id = invitations.user_id
WHERE invitations.secret_hash = @secret_hash AND invitations.purpose = 'password'
  AND invitations.redeemed_at IS NULL AND invitations.revoked_at IS NULL AND invitations.expires_at > now()
  AND users.disabled_at IS NULL;

-- name: InsertDevice :exec
INSERT INTO devices (id, user_id, invitation_id, node_id, certificate, expires_at)
VALUES (@id, @user_id, @invitation_id, @node_id, @certificate, @expires_at);

-- name: DevicesOfUser :many
SELECT * FROM devices WHERE user_id = @user_id ORDER BY id DESC;

-- name: RevokeDevice :execrows
UPDATE devices SET revoked_at = now() WHERE id = @id AND user_id = @user_id AND revoked_at IS NULL;

-- name: RevokedNodes :many
SELECT devices.node_id FROM devices JOIN users ON users.id = devices.user_id
WHERE (devices.revoked_at IS NOT NULL OR users.disabled_at IS NOT NULL) AND devices.expires_at > now()
ORDER BY devices.node_id;
