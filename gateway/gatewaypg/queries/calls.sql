-- name: OpenCall :exec
INSERT INTO calls (id, gateway, direction, caller_aor, caller_number, caller_name, caller_node, called, number, target, trunk, started_at)
VALUES (@id, @gateway, @direction, @caller_aor, @caller_number, @caller_name, @caller_node, @called, @number, @target, @trunk, @started_at);

-- name: AnswerCall :exec
UPDATE calls SET answered_at = @answered_at, ringing_at = @ringing_at, number = @number, target = @target, trunk = @trunk,
    mailbox = @mailbox, mailbox_reason = @mailbox_reason
WHERE id = @id AND ended_at IS NULL;

-- name: CloseCall :exec
UPDATE calls SET ringing_at = @ringing_at, answered_at = @answered_at, ended_at = @ended_at, number = @number, target = @target,
    trunk = @trunk, cause = @cause, status = @status, released_by = @released_by, mailbox = @mailbox,
    mailbox_reason = @mailbox_reason, note = @note, caller_media = @caller_media, called_media = @called_media
WHERE id = @id AND ended_at IS NULL;

-- name: CloseAbandoned :execrows
UPDATE calls SET ended_at = greatest(now(), started_at, answered_at), cause = 41, released_by = 'gateway', note = 'the gateway stopped'
WHERE gateway = @gateway AND ended_at IS NULL;

-- name: ListCalls :many
SELECT * FROM calls
WHERE (@aor::text = '' OR caller_aor = @aor OR target = 'user:' || @aor OR mailbox = @aor)
  AND started_at < @before
ORDER BY started_at DESC LIMIT @max_rows;
