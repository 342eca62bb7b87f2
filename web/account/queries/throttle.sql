-- name: CountAttempt :one
-- An attempt counts as failed before the password is looked at, so that many at once do not slip through;
-- a success forgets. No row: the bucket is blocked.
INSERT INTO sign_in_failures AS f (bucket, failures, last_at) VALUES (@bucket, 1, now())
ON CONFLICT (bucket) DO UPDATE
SET failures = CASE WHEN f.last_at < now() - interval '1 day' THEN 1 ELSE least(f.failures + 1, 1000) END, last_at = now()
WHERE f.last_at + make_interval(secs => CASE WHEN f.failures < @free::integer THEN 0
      ELSE least(power(2, least(f.failures - @free::integer, 20)), @longest_s::integer) END) <= now()
RETURNING failures;

-- name: BlockedFor :one
SELECT greatest(0, extract(epoch FROM f.last_at + make_interval(secs =>
    least(power(2, least(f.failures - @free::integer, 20)), @longest_s::integer)) - now()))::float8 AS seconds
FROM sign_in_failures f WHERE bucket = @bucket;

-- name: ForgetFailures :exec
DELETE FROM sign_in_failures WHERE bucket = @bucket;
