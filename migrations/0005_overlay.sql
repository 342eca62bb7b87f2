-- +goose Up
-- The overlay instance that these server peers serve: its certificate authority and its configuration document.

CREATE TABLE overlay_instance (
    singleton      boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    name           text     NOT NULL CHECK (name <> ''),
    ca_certificate bytea    NOT NULL, -- DER
    ca_key         bytea    NOT NULL, -- PKCS #8; whoever reads this issues certificates: guard the database
    document       bytea,             -- the signed configuration document; NULL until the first peer is up
    sequence       integer CHECK (sequence BETWEEN 0 AND 65534),
    created_at     timestamptz NOT NULL DEFAULT now(),
    CHECK ((document IS NULL) = (sequence IS NULL))
);

-- The server peers that share this database. Those seen lately are the overlay's bootstrap nodes.
CREATE TABLE overlay_peers (
    node_id    bytea PRIMARY KEY CHECK (length(node_id) = 16),
    address    text        NOT NULL CHECK (address <> ''), -- host:port of RELOAD links
    enrollment text        NOT NULL CHECK (enrollment <> ''), -- host:port of the enrollment server
    seen_at    timestamptz NOT NULL DEFAULT now()
);
