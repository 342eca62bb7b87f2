-- name: ListTrunks :many
SELECT * FROM trunks ORDER BY name;

-- name: PutTrunk :exec
INSERT INTO trunks (id, name, host, port, transport, mode, username, auth_username, password, realm, from_domain, codecs,
                    srtp, sources, caller_number, max_calls, expires_ms, insecure, enabled)
VALUES (@id, @name, @host, @port, @transport, @mode, @username, @auth_username, @password, @realm, @from_domain, @codecs,
        @srtp, @sources, sqlc.narg(caller_number), @max_calls, @expires_ms, @insecure, @enabled)
ON CONFLICT (name) DO UPDATE SET
    host = excluded.host, port = excluded.port, transport = excluded.transport, mode = excluded.mode,
    username = excluded.username, auth_username = excluded.auth_username, password = excluded.password,
    realm = excluded.realm, from_domain = excluded.from_domain, codecs = excluded.codecs, srtp = excluded.srtp,
    sources = excluded.sources, caller_number = excluded.caller_number, max_calls = excluded.max_calls,
    expires_ms = excluded.expires_ms, insecure = excluded.insecure, enabled = excluded.enabled;

-- name: TrunkPassword :one
-- A password goes nowhere but to the host and the account that it was given for.
SELECT password FROM trunks WHERE name = @name AND host = @host AND username = @username FOR UPDATE;

-- name: DeleteTrunk :execrows
DELETE FROM trunks WHERE name = @name;
