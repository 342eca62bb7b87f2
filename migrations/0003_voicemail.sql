-- +goose Up
-- Voicemail: a mailbox for a user, the greetings and messages in it.

CREATE TABLE mailboxes (
    aor            text PRIMARY KEY REFERENCES users (aor) ON UPDATE CASCADE ON DELETE CASCADE,
    pin_hash       text        CHECK (pin_hash <> ''), -- argon2id; NULL: no access by number and PIN
    max_messages   integer     NOT NULL DEFAULT 100 CHECK (max_messages BETWEEN 0 AND 10000), -- not counting the trash
    max_message_ms integer     NOT NULL DEFAULT 180000 CHECK (max_message_ms BETWEEN 1000 AND 3600000),
    min_speech_ms  integer     NOT NULL DEFAULT 600 CHECK (min_speech_ms BETWEEN 0 AND 60000), -- less is no message
    max_silence_ms integer     NOT NULL DEFAULT 10000 CHECK (max_silence_ms BETWEEN 1000 AND 60000), -- ends a message
    created_at     timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE greetings (
    mailbox    text        NOT NULL REFERENCES mailboxes ON UPDATE CASCADE ON DELETE CASCADE,
    kind       text        NOT NULL CHECK (kind IN ('unavailable', 'busy', 'name', 'temporary')),
    codec      text        NOT NULL CHECK (codec IN ('pcmu', 'pcma')),
    audio      bytea       NOT NULL CHECK (length(audio) BETWEEN 1 AND 1440000), -- three minutes
    created_at timestamptz NOT NULL DEFAULT now(),
    ends_at    timestamptz, -- when it stops being used
    PRIMARY KEY (mailbox, kind)
);

-- A message is there from the beep. Its audio follows in chunks while the caller speaks; audio_bytes says how
-- much of it counts, and at 8000 bytes a second is also its length in time.
CREATE TABLE messages (
    id              uuid PRIMARY KEY,
    mailbox         text        NOT NULL REFERENCES mailboxes ON UPDATE CASCADE ON DELETE CASCADE,
    state           text        NOT NULL DEFAULT 'recording' CHECK (state IN ('recording', 'new', 'saved', 'trash')),
    ended_by        text        CHECK (ended_by IN ('hangup', 'key', 'silence', 'limit', 'lost')), -- lost: the peer that recorded it died
    caller_aor      text        NOT NULL DEFAULT '',
    caller_number   text        NOT NULL DEFAULT '',
    caller_name     text        NOT NULL DEFAULT '', -- as the far side said it: never trusted
    caller_verified boolean     NOT NULL DEFAULT false,
    reason          smallint    NOT NULL DEFAULT 0, -- RFC 4458 cause
    leg_id          text        NOT NULL DEFAULT '',
    codec           text        NOT NULL CHECK (codec IN ('pcmu', 'pcma')),
    audio_bytes     integer     NOT NULL DEFAULT 0 CHECK (audio_bytes >= 0),
    speech_ms       integer     NOT NULL DEFAULT 0 CHECK (speech_ms >= 0),
    created_at      timestamptz NOT NULL DEFAULT now(),
    appended_at     timestamptz NOT NULL DEFAULT now(),
    heard_at        timestamptz,
    trashed_at      timestamptz,
    CHECK (state <> 'recording' OR ended_by IS NULL),
    CHECK (state = 'recording' OR ended_by IS NOT NULL),
    CHECK ((state = 'trash') = (trashed_at IS NOT NULL)),
    CHECK (state <> 'new' OR heard_at IS NULL)
);
CREATE INDEX messages_mailbox ON messages (mailbox, state, created_at, id);
CREATE INDEX messages_recording ON messages (appended_at) WHERE state = 'recording';
CREATE INDEX messages_trash ON messages (trashed_at) WHERE state = 'trash';

CREATE TABLE message_chunks (
    message_id  uuid    NOT NULL REFERENCES messages ON DELETE CASCADE,
    start_bytes integer NOT NULL CHECK (start_bytes >= 0), -- where in the message it belongs
    audio       bytea   NOT NULL CHECK (length(audio) BETWEEN 1 AND 65536),
    PRIMARY KEY (message_id, start_bytes)
);
ALTER TABLE message_chunks ALTER COLUMN audio SET STORAGE EXTERNAL; -- G.711 does not compress

-- Whoever shows a mailbox listens on the channel voicemail, whose payload is the owner's AoR.
-- +goose StatementBegin
CREATE FUNCTION notify_voicemail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('voicemail', coalesce(NEW.mailbox, OLD.mailbox));
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER messages_notify AFTER INSERT OR DELETE OR UPDATE OF state, heard_at ON messages
    FOR EACH ROW EXECUTE FUNCTION notify_voicemail();
