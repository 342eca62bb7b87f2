-- name: Menu :one
SELECT v.document, v.version FROM menus m JOIN menu_versions v ON v.menu = m.name AND v.version = m.current_version
WHERE m.name = @name;

-- name: Menus :many
SELECT m.name, m.current_version, v.document, v.author, v.created_at
FROM menus m JOIN menu_versions v ON v.menu = m.name AND v.version = m.current_version ORDER BY m.name;

-- name: Versions :many
SELECT version, document, author, created_at FROM menu_versions WHERE menu = @name ORDER BY version DESC;

-- name: Version :one
SELECT document FROM menu_versions WHERE menu = @name AND version = @version;

-- name: CurrentForUpdate :one
SELECT current_version FROM menus WHERE name = @name FOR UPDATE;

-- name: LastVersion :one
SELECT coalesce(max(version), 0)::int FROM menu_versions WHERE menu = @name;

-- name: MakeMenu :execrows
INSERT INTO menus (name, current_version) VALUES (@name, 1) ON CONFLICT DO NOTHING;

-- name: AddVersion :exec
INSERT INTO menu_versions (menu, version, document, author) VALUES (@name, @version, @document, @author);

-- name: SetCurrent :execrows
UPDATE menus SET current_version = @version WHERE name = @name;

-- name: DeleteMenu :execrows
DELETE FROM menus WHERE name = @name;

-- name: AddAudio :exec
INSERT INTO menu_audio (id, name, codec, audio) VALUES (@id, @name, @codec, @audio);

-- name: Audio :one
SELECT name, codec, audio FROM menu_audio WHERE id = @id;
