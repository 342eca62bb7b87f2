-- name: Instance :one
SELECT name, ca_certificate, ca_key, document, sequence FROM overlay_instance;

-- name: LockInstance :one
SELECT name, ca_certificate, ca_key, document, sequence FROM overlay_instance FOR UPDATE;

-- name: FoundInstance :exec
INSERT INTO overlay_instance (name, ca_certificate, ca_key) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING;

-- name: PublishDocument :exec
UPDATE overlay_instance SET document = $1, sequence = $2;

-- name: NotifyDocument :exec
SELECT pg_notify('overlay_document', '');

-- name: AnnouncePeer :exec
INSERT INTO overlay_peers (node_id, address, enrollment) VALUES ($1, $2, $3)
ON CONFLICT (node_id) DO UPDATE SET address = excluded.address, enrollment = excluded.enrollment, seen_at = now();

-- name: WithdrawPeer :exec
DELETE FROM overlay_peers WHERE node_id = $1;

-- name: ForgetPeers :exec
DELETE FROM overlay_peers WHERE seen_at < now() - make_interval(secs => sqlc.arg(seconds)::double precision);

-- name: Peers :many
SELECT node_id, address, enrollment, seen_at FROM overlay_peers ORDER BY node_id;
