-- name: ListTrunks :many
SELECT * FROM trunks ORDER BY name;

-- name: PutTrunk :one
-- An empty password keeps the one that is there.
INSERT INTO trunks (id, name, address, transport, domain, register, username, password, realm, sources, codecs, srtp,
                    number_format, caller_number, max_calls, expires_ms, enabled)
VALUES (@id, @name, @address, @transport, @domain, @register, @username, @password, @realm, @sources, @codecs, @srtp,
        @number_format, sqlc.narg(caller_number), @max_calls, @expires_ms, @enabled)
ON CONFLICT (name) DO UPDATE SET
    address = excluded.address, transport = excluded.transport, domain = excluded.domain,
    register = excluded.register, username = excluded.username,
    password = CASE WHEN excluded.password = '' THEN trunks.password ELSE excluded.password END,
    realm = excluded.realm, sources = excluded.sources, codecs = excluded.codecs, srtp = excluded.srtp,
    number_format = excluded.number_format, caller_number = excluded.caller_number, max_calls = excluded.max_calls,
    expires_ms = excluded.expires_ms, enabled = excluded.enabled
RETURNING id;

-- name: DeleteTrunk :execrows
DELETE FROM trunks WHERE name = @name;
