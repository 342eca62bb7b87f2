-- +goose Up
-- The auto-attendant: menus as documents with all their versions, and the audio they play.

CREATE TABLE menus (
    name            text PRIMARY KEY CHECK (name ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    current_version integer     NOT NULL CHECK (current_version > 0),
    created_at      timestamptz NOT NULL DEFAULT now()
);

-- A version is never changed. The current one is what callers hear.
CREATE TABLE menu_versions (
    menu       text        NOT NULL REFERENCES menus ON DELETE CASCADE,
    version    integer     NOT NULL CHECK (version > 0),
    document   jsonb       NOT NULL,
    author     text        NOT NULL DEFAULT '', -- AoR, or what applied it
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (menu, version)
);
ALTER TABLE menus ADD FOREIGN KEY (name, current_version) REFERENCES menu_versions DEFERRABLE INITIALLY DEFERRED;

CREATE TABLE menu_audio (
    id         uuid PRIMARY KEY,
    name       text        NOT NULL DEFAULT '',
    codec      text        NOT NULL CHECK (codec IN ('pcmu', 'pcma')),
    audio      bytea       NOT NULL CHECK (length(audio) BETWEEN 1 AND 4800000), -- ten minutes
    created_at timestamptz NOT NULL DEFAULT now()
);
