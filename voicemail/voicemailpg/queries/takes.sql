-- name: Begin :exec
INSERT INTO messages (id, mailbox, caller_aor, caller_number, caller_name, caller_verified, reason, leg_id, codec, created_at)
VALUES (@id, @mailbox, @caller_aor, @caller_number, @caller_name, @caller_verified, @reason, @leg_id, @codec, @created_at)
ON CONFLICT (id) DO NOTHING;

-- name: Grow :execrows
UPDATE messages SET audio_bytes = greatest(audio_bytes, @end_bytes::int), speech_ms = greatest(speech_ms, @speech_ms::int), appended_at = now()
WHERE id = @id AND mailbox = @mailbox;

-- name: AddChunk :exec
INSERT INTO message_chunks (message_id, start_bytes, audio) VALUES (@message_id, @start_bytes, @audio)
ON CONFLICT DO NOTHING;

-- name: Finish :execrows
UPDATE messages SET state = CASE state WHEN 'recording' THEN 'new' ELSE state END, ended_by = @ended_by, audio_bytes = @audio_bytes, speech_ms = @speech_ms
WHERE id = @id AND mailbox = @mailbox;

-- name: CutChunks :exec
DELETE FROM message_chunks WHERE message_id = @message_id AND start_bytes >= @audio_bytes;

-- name: Discard :exec
DELETE FROM messages WHERE id = @id AND mailbox = @mailbox AND heard_at IS NULL;

-- name: Sweep :execrows
UPDATE messages m SET state = 'new', ended_by = 'lost'
FROM mailboxes b
WHERE b.aor = m.mailbox AND m.state = 'recording' AND m.appended_at < now() - sqlc.arg(idle_ms)::bigint * interval '1 millisecond'
  AND m.audio_bytes > 0 AND m.speech_ms >= b.min_speech_ms;

-- name: SweepEmpty :execrows
DELETE FROM messages WHERE state = 'recording' AND appended_at < now() - interval '1 hour' - sqlc.arg(idle_ms)::bigint * interval '1 millisecond';

-- name: Purge :execrows
DELETE FROM messages WHERE state = 'trash' AND trashed_at < now() - sqlc.arg(age_ms)::bigint * interval '1 millisecond';
