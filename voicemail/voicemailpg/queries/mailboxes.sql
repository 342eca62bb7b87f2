-- name: MakeMailbox :exec
INSERT INTO mailboxes (aor)
SELECT users.aor FROM users WHERE users.aor = sqlc.arg(owner) AND users.disabled_at IS NULL
ON CONFLICT DO NOTHING;

-- name: Mailbox :one
SELECT b.aor, b.max_messages, b.max_message_ms, b.min_speech_ms, b.max_silence_ms, u.language, u.timezone,
       (SELECT count(*) FROM messages m WHERE m.mailbox = b.aor AND m.state <> 'trash') AS kept
FROM mailboxes b JOIN users u ON u.aor = b.aor
WHERE b.aor = sqlc.arg(owner) AND u.disabled_at IS NULL;

-- name: SetLimits :execrows
UPDATE mailboxes SET max_messages = @max_messages, max_message_ms = @max_message_ms, min_speech_ms = @min_speech_ms, max_silence_ms = @max_silence_ms
WHERE aor = sqlc.arg(owner);

-- name: Greeting :one
SELECT codec, audio, created_at, ends_at FROM greetings
WHERE mailbox = sqlc.arg(owner) AND kind = @kind AND (ends_at IS NULL OR ends_at > now());

-- name: SetGreeting :exec
INSERT INTO greetings (mailbox, kind, codec, audio, ends_at) VALUES (sqlc.arg(owner), @kind, @codec, @audio, @ends_at)
ON CONFLICT (mailbox, kind) DO UPDATE SET codec = excluded.codec, audio = excluded.audio, ends_at = excluded.ends_at, created_at = now();

-- name: DeleteGreeting :exec
DELETE FROM greetings WHERE mailbox = sqlc.arg(owner) AND kind = @kind;
