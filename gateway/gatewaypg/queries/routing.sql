-- name: ListNumbers :many
SELECT * FROM numbers ORDER BY number;

-- name: PutNumber :exec
INSERT INTO numbers (id, number, target_kind, target, label) VALUES (@id, @number, @target_kind, @target, @label)
ON CONFLICT (number) DO UPDATE SET target_kind = excluded.target_kind, target = excluded.target, label = excluded.label;

-- name: DeleteNumber :execrows
DELETE FROM numbers WHERE number = @number;

-- name: ListRoutes :many
SELECT r.prefix, r.priority, t.name AS trunk FROM routes r JOIN trunks t ON t.id = r.trunk_id
ORDER BY r.prefix, r.priority, t.name;

-- name: PutRoute :execrows
INSERT INTO routes (id, prefix, trunk_id, priority)
SELECT @id, @prefix, t.id, @priority FROM trunks t WHERE t.name = @trunk
ON CONFLICT (prefix, trunk_id) DO UPDATE SET priority = excluded.priority;

-- name: DeleteRoute :execrows
DELETE FROM routes USING trunks t WHERE routes.trunk_id = t.id AND routes.prefix = @prefix AND t.name = @trunk;

-- name: ListUsers :many
SELECT u.aor, u.name, u.may_call_out, u.caller_number, u.ring_ms, (u.disabled_at IS NOT NULL)::boolean AS disabled,
       coalesce((SELECT array_agg(c.class ORDER BY c.class) FROM user_classes c WHERE c.user_id = u.id), '{}')::text[] AS classes
FROM users u ORDER BY u.aor;

-- name: CloseClasses :exec
DELETE FROM user_classes USING users u WHERE user_classes.user_id = u.id AND u.aor = @aor;

-- name: OpenClass :execrows
INSERT INTO user_classes (user_id, class) SELECT u.id, @class FROM users u WHERE u.aor = @aor;
