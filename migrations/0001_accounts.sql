-- +goose Up
-- Who uses tandem: people, their invitations, their devices.

CREATE TABLE users (
    id            uuid PRIMARY KEY,
    aor           text        NOT NULL UNIQUE CHECK (aor = lower(aor) AND aor ~ '^[^@[:space:]]+@[^@[:space:]]+$'),
    name          text        NOT NULL CHECK (name <> ''),
    role          text        NOT NULL DEFAULT 'user' CHECK (role IN ('user', 'administrator')),
    password_hash text        CHECK (password_hash <> ''), -- argon2id; NULL: cannot sign in yet
    may_call_out  boolean     NOT NULL DEFAULT false,
    caller_number text        CHECK (caller_number ~ '^\+[1-9][0-9]{4,14}$'), -- shown to the telephone network
    ring_ms       integer     NOT NULL DEFAULT 25000 CHECK (ring_ms BETWEEN 1000 AND 180000),
    language      text        NOT NULL DEFAULT 'en',
    timezone      text        NOT NULL DEFAULT 'UTC',
    created_at    timestamptz NOT NULL DEFAULT now(),
    disabled_at   timestamptz
);

-- An invitation is good for one certificate. Its secret is stored hashed; used and expired ones answer alike.
CREATE TABLE invitations (
    id          uuid PRIMARY KEY,
    user_id     uuid        NOT NULL REFERENCES users ON DELETE CASCADE,
    secret_hash bytea       NOT NULL UNIQUE CHECK (length(secret_hash) = 32),
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL CHECK (expires_at > created_at),
    redeemed_at timestamptz
);
CREATE INDEX invitations_user ON invitations (user_id);

-- One row for each certificate that was issued.
CREATE TABLE devices (
    id            uuid PRIMARY KEY,
    user_id       uuid        NOT NULL REFERENCES users ON DELETE CASCADE,
    invitation_id uuid        REFERENCES invitations ON DELETE SET NULL,
    node_id       bytea       NOT NULL UNIQUE CHECK (length(node_id) = 16),
    certificate   bytea       NOT NULL,
    issued_at     timestamptz NOT NULL DEFAULT now(),
    expires_at    timestamptz NOT NULL,
    revoked_at    timestamptz
);
CREATE INDEX devices_user ON devices (user_id);

-- Web sessions, in the shape alexedwards/scs wants.
CREATE TABLE sessions (
    token  text PRIMARY KEY,
    data   bytea       NOT NULL,
    expiry timestamptz NOT NULL
);
CREATE INDEX sessions_expiry ON sessions (expiry);
