-- name: Messages :many
SELECT * FROM messages WHERE mailbox = sqlc.arg(owner) AND state = ANY(@states::text[])
ORDER BY created_at, id;

-- name: Message :one
SELECT * FROM messages WHERE mailbox = sqlc.arg(owner) AND id = @id;

-- name: Counts :one
SELECT count(*) FILTER (WHERE state = 'new') AS new, count(*) FILTER (WHERE state = 'saved') AS saved,
       count(*) FILTER (WHERE state = 'trash') AS trash
FROM messages WHERE mailbox = sqlc.arg(owner);

-- name: MarkHeard :execrows
UPDATE messages SET state = CASE state WHEN 'new' THEN 'saved' ELSE state END, heard_at = coalesce(heard_at, now())
WHERE mailbox = sqlc.arg(owner) AND id = @id AND state <> 'recording';

-- name: MarkNew :execrows
UPDATE messages SET state = 'new', heard_at = NULL, trashed_at = NULL
WHERE mailbox = sqlc.arg(owner) AND id = @id AND state <> 'recording';

-- name: Save :execrows
UPDATE messages SET state = 'saved', heard_at = coalesce(heard_at, now()), trashed_at = NULL
WHERE mailbox = sqlc.arg(owner) AND id = @id AND state <> 'recording';

-- name: Trash :execrows
UPDATE messages SET state = 'trash', trashed_at = coalesce(trashed_at, now())
WHERE mailbox = sqlc.arg(owner) AND id = @id AND state <> 'recording';

-- name: DeleteMessage :execrows
DELETE FROM messages WHERE mailbox = sqlc.arg(owner) AND id = @id AND state <> 'recording';

-- name: Chunks :many
SELECT c.start_bytes, c.audio
FROM message_chunks c JOIN messages m ON m.id = c.message_id
WHERE m.mailbox = sqlc.arg(owner) AND m.id = @id AND c.start_bytes < @until
  AND c.start_bytes >= coalesce((SELECT max(b.start_bytes) FROM message_chunks b WHERE b.message_id = @id AND b.start_bytes <= @since), 0)
ORDER BY c.start_bytes;
