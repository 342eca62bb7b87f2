-- +goose Up
-- Who uses tandem: people, their invitations, their devices.

CREATE TABLE users (
    id            uuid PRIMARY KEY,
    aor           text        NOT NULL UNIQUE CHECK (aor = lower(aor) AND aor ~ '^[^@[:space:]]+@[^@[:space:]]+$'),
    name          text        NOT NULL CHECK (name <> ''),
    role          text        NOT NULL DEFAULT 'user' CHECK (role IN ('user', 'administrator')),
    password_hash text        CHECK (password_hash <> ''), -- argon2id; NULL: cannot sign in yet
    session_epoch integer     NOT NULL DEFAULT 0,          -- a session of an older epoch is over
    may_call_out  boolean     NOT NULL DEFAULT false,
    caller_number text        CHECK (caller_number ~ '^\+[1-9][0-9]{4,14}$'), -- shown to the telephone network
    ring_ms       integer     NOT NULL DEFAULT 25000 CHECK (ring_ms BETWEEN 1000 AND 180000),
    language      text        NOT NULL DEFAULT 'en',
    timezone      text        NOT NULL DEFAULT 'UTC',
    created_at    timestamptz NOT NULL DEFAULT now(),
    disabled_at   timestamptz
);

-- An invitation is good once: for one certificate, or for choosing a password. Its secret is stored hashed;
-- used, revoked and expired ones answer alike.
CREATE TABLE invitations (
    id          uuid PRIMARY KEY,
    user_id     uuid        NOT NULL REFERENCES users ON DELETE CASCADE,
    purpose     text        NOT NULL DEFAULT 'device' CHECK (purpose IN ('device', 'password')),
    secret_hash bytea       NOT NULL UNIQUE CHECK (length(secret_hash) = 32),
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL CHECK (expires_at > created_at),
    redeemed_at timestamptz,
    revoked_at  timestamptz,
    CHECK (redeemed_at IS NULL OR revoked_at IS NULL)
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

-- The links that make the first browser an administrator; worthless once there is one.
CREATE TABLE setup_secrets (
    secret_hash bytea PRIMARY KEY CHECK (length(secret_hash) = 32),
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL CHECK (expires_at > created_at)
);

-- Failed sign-ins. An address falls into a bucket by its hash, whether it exists or not: strangers can fill
-- no more rows than there are buckets.
CREATE TABLE sign_in_failures (
    bucket   integer PRIMARY KEY CHECK (bucket BETWEEN 0 AND 65535),
    failures integer     NOT NULL CHECK (failures > 0),
    last_at  timestamptz NOT NULL
);

-- Web sessions, in the shape alexedwards/scs wants. The token is stored hashed.
CREATE TABLE sessions (
    token  text PRIMARY KEY,
    data   bytea       NOT NULL,
    expiry timestamptz NOT NULL
);
CREATE INDEX sessions_expiry ON sessions (expiry);
