-- name: InsertUser :one
INSERT INTO users (id, aor, name, role, password_hash, may_call_out, caller_number, ring_ms, language, timezone)
VALUES (@id, @aor, @name, @role, @password_hash, @may_call_out, @caller_number, @ring_ms, @language, @timezone)
RETURNING *;

-- name: UserByID :one
SELECT * FROM users WHERE id = @id;

-- name: UserByAoR :one
SELECT * FROM users WHERE aor = @aor;

-- name: Users :many
SELECT * FROM users ORDER BY name, aor;

-- name: UpdateUser :one
UPDATE users SET
    name          = coalesce(sqlc.narg('name'), name),
    may_call_out  = coalesce(sqlc.narg('may_call_out'), may_call_out),
    caller_number = CASE WHEN @set_caller_number::boolean THEN sqlc.narg('caller_number')::text ELSE caller_number END,
    ring_ms       = coalesce(sqlc.narg('ring_ms'), ring_ms),
    language      = coalesce(sqlc.narg('language'), language),
    timezone      = coalesce(sqlc.narg('timezone'), timezone)
WHERE id = @id
RETURNING *;

-- name: DisableUser :one
UPDATE users SET disabled_at = coalesce(disabled_at, now()), session_epoch = session_epoch + 1
WHERE id = @id
RETURNING *;

-- name: EnableUser :one
UPDATE users SET disabled_at = NULL WHERE id = @id RETURNING *;

-- name: SetPassword :one
UPDATE users SET password_hash = @password_hash, session_epoch = session_epoch + 1
WHERE id = @id
RETURNING *;

-- name: OtherAdministrators :one
SELECT count(*) FROM users WHERE role = 'administrator' AND disabled_at IS NULL AND id <> @id;

-- name: LockAdministrators :exec
-- Setting up and disabling administrators happen one after the other.
SELECT pg_advisory_xact_lock(hashtextextended('tandem.administrators', 0));

-- name: HasAdministrator :one
SELECT EXISTS (SELECT FROM users WHERE role = 'administrator');

-- name: InsertSetupSecret :exec
INSERT INTO setup_secrets (secret_hash, expires_at) VALUES (@secret_hash, @expires_at);

-- name: SetupSecretIsGood :one
SELECT EXISTS (SELECT FROM setup_secrets WHERE secret_hash = @secret_hash AND expires_at > now());

-- name: DeleteSetupSecrets :exec
DELETE FROM setup_secrets;

-- name: DeleteExpiredSetupSecrets :exec
DELETE FROM setup_secrets WHERE expires_at <= now();
