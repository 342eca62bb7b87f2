-- +goose Up
-- Calls to and from the telephone network: trunks, our numbers, routes out, and the record of every call.

-- A trunk is a carrier. Its password is written here and never read out to a person.
CREATE TABLE trunks (
    id            uuid PRIMARY KEY,
    name          text        NOT NULL UNIQUE CHECK (name ~ '^[a-z0-9][a-z0-9._-]{0,62}$'),
    host          text        NOT NULL CHECK (host ~ '^[A-Za-z0-9._:-]+$'),
    port          integer     NOT NULL DEFAULT 0 CHECK (port BETWEEN 0 AND 65535),       -- 0: SRV, or the transport's default
    transport     text        NOT NULL DEFAULT 'UDP' CHECK (transport IN ('UDP', 'TCP', 'TLS')),
    mode          text        NOT NULL CHECK (mode IN ('register', 'address')),          -- how the carrier knows us
    username      text        NOT NULL DEFAULT '',
    auth_username text        NOT NULL DEFAULT '',                                       -- '': username
    password      text        NOT NULL DEFAULT '',
    realm         text        NOT NULL DEFAULT '',                                       -- '': any that the carrier names
    from_domain   text        NOT NULL DEFAULT '' CHECK (from_domain !~ '[[:space:]]'),  -- '': host
    codecs        text[]      NOT NULL DEFAULT '{PCMU,PCMA}' CHECK (codecs <@ '{PCMA,PCMU}' AND cardinality(codecs) > 0),
    srtp          text        NOT NULL DEFAULT 'forbidden' CHECK (srtp IN ('forbidden', 'optional', 'required')),
    sources       cidr[]      NOT NULL DEFAULT '{}',                                     -- where its calls come from besides host
    caller_number text        CHECK (caller_number ~ '^\+[1-9][0-9]{4,14}$'),            -- shown when the user has none
    max_calls     integer     NOT NULL DEFAULT 30 CHECK (max_calls BETWEEN 1 AND 100000),
    expires_ms    integer     NOT NULL DEFAULT 3600000 CHECK (expires_ms BETWEEN 30000 AND 86400000),
    insecure      boolean     NOT NULL DEFAULT false,                                    -- TLS certificate is not verified
    enabled       boolean     NOT NULL DEFAULT true,
    created_at    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT register_needs_credentials CHECK (mode <> 'register' OR (username <> '' AND password <> '')),
    CONSTRAINT srtp_needs_tls CHECK (srtp <> 'required' OR transport = 'TLS')
);

-- A number of ours and what it leads to.
CREATE TABLE numbers (
    id           uuid PRIMARY KEY,
    number       text        NOT NULL UNIQUE CHECK (number ~ '^\+[1-9][0-9]{4,14}$'),
    target_kind  text        NOT NULL CHECK (target_kind IN ('user', 'menu', 'mailbox', 'number')),
    target       text        NOT NULL CHECK (target <> ''),
    label        text        NOT NULL DEFAULT '',
    created_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT target_fits_its_kind CHECK (CASE target_kind
        WHEN 'number' THEN target ~ '^\+[1-9][0-9]{4,14}$' AND target <> number
        WHEN 'menu'   THEN target !~ '[@[:space:]]'
        ELSE target = lower(target) AND target ~ '^[^@[:space:]]+@[^@[:space:]]+$' END)
);

-- Numbers that begin with prefix go to the trunk; the longest prefix wins, then the lowest priority.
CREATE TABLE routes (
    id         uuid PRIMARY KEY,
    prefix     text        NOT NULL CHECK (prefix ~ '^\+([1-9][0-9]{0,14})?$'),
    trunk_id   uuid        NOT NULL REFERENCES trunks ON DELETE CASCADE,
    priority   integer     NOT NULL DEFAULT 0 CHECK (priority BETWEEN 0 AND 1000),
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (prefix, trunk_id)
);
CREATE INDEX routes_trunk ON routes (trunk_id);

-- An expensive class of numbers that is open to a user. Without a row it is closed.
CREATE TABLE user_classes (
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    class   text NOT NULL CHECK (class IN ('satellite', 'premium', 'offshore')),
    PRIMARY KEY (user_id, class)
);

-- One row for each call, there before anything is dialed. Names are kept as they were at the time.
CREATE TABLE calls (
    id               uuid PRIMARY KEY,
    gateway          text        NOT NULL,
    direction        text        NOT NULL CHECK (direction IN ('outbound', 'inbound', 'service')),
    caller_aor       text        NOT NULL DEFAULT '',
    caller_number    text        NOT NULL DEFAULT '',
    caller_name      text        NOT NULL DEFAULT '',
    caller_node      text        NOT NULL DEFAULT '',
    called           text        NOT NULL,
    number           text        NOT NULL DEFAULT '' CHECK (number = '' OR number ~ '^\+[1-9][0-9]{4,14}$'),
    target           text        NOT NULL DEFAULT '',
    trunk            text        NOT NULL DEFAULT '',
    started_at       timestamptz NOT NULL,
    ringing_at       timestamptz CHECK (ringing_at >= started_at),
    answered_at      timestamptz CHECK (answered_at >= started_at),
    ended_at         timestamptz CHECK (ended_at >= started_at AND ended_at >= answered_at),
    cause            smallint    CHECK (cause BETWEEN 1 AND 127),
    status           smallint    CHECK (status BETWEEN 300 AND 699),
    released_by      text        CHECK (released_by IN ('caller', 'called', 'gateway')),
    mailbox          text        NOT NULL DEFAULT '',
    mailbox_reason   smallint,
    note             text        NOT NULL DEFAULT '',
    caller_media     jsonb,
    called_media     jsonb,
    CONSTRAINT ended_calls_say_why CHECK ((ended_at IS NULL) = (cause IS NULL) AND (ended_at IS NULL) = (released_by IS NULL))
);
CREATE INDEX calls_started ON calls (started_at DESC);
CREATE INDEX calls_caller ON calls (caller_aor, started_at DESC) WHERE caller_aor <> '';
CREATE INDEX calls_open ON calls (gateway) WHERE ended_at IS NULL;

-- Gateways listen for changes of what they route by and load it anew; calls that are up do not notice.
-- +goose StatementBegin
CREATE FUNCTION routing_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('routing_changed', TG_TABLE_NAME);
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER trunks_changed       AFTER INSERT OR UPDATE OR DELETE ON trunks       FOR EACH STATEMENT EXECUTE FUNCTION routing_changed();
CREATE TRIGGER numbers_changed      AFTER INSERT OR UPDATE OR DELETE ON numbers      FOR EACH STATEMENT EXECUTE FUNCTION routing_changed();
CREATE TRIGGER routes_changed       AFTER INSERT OR UPDATE OR DELETE ON routes       FOR EACH STATEMENT EXECUTE FUNCTION routing_changed();
CREATE TRIGGER user_classes_changed AFTER INSERT OR UPDATE OR DELETE ON user_classes FOR EACH STATEMENT EXECUTE FUNCTION routing_changed();
CREATE TRIGGER users_changed        AFTER INSERT OR UPDATE OR DELETE ON users        FOR EACH STATEMENT EXECUTE FUNCTION routing_changed();
