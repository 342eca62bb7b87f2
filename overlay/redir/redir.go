// Package redir finds who provides a service: Recursive Distributed Rendezvous (RFC 7374).
//
// Providers of a namespace, "voice-mail" say, keep entries in a tree of dictionaries stored in the overlay under
// the Kind REDIR. Registrar keeps this node's entries there; Find looks up the provider whose Node-ID follows a
// search key most closely, so that everybody who asks with the same key finds the same provider.
//
// Access control of the Kind (NODE-ID-MATCH, section 5) is applied by the storing peers, in overlay/store.
package redir

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"tandem/overlay"
	"tandem/overlay/cert"
	"tandem/overlay/wire"
)

// Lifetime is how long an entry is kept when not refreshed (4.4).
const Lifetime = 10 * time.Minute

// ErrNoProvider says that nobody is registered in the namespace.
var ErrNoProvider = errors.New("no provider of the service")

// Overlay is what discovery asks of a node; *overlay.Node is one.
type Overlay interface {
	NodeID() wire.NodeID
	Path() []wire.Destination
	Branching() int
	Store(ctx context.Context, at wire.ResourceID, kind wire.KindID, values ...overlay.Value) error
	Fetch(ctx context.Context, at wire.ResourceID, kind wire.KindID, keys ...[]byte) ([]overlay.Value, error)
}

// A Provider is a node that offers a service.
type Provider struct {
	NodeID wire.NodeID
	Path   []wire.Destination // how to reach it; ends in NodeID
	Signer cert.Peer
}

// Register makes the node of o findable as provider in namespace ns until ctx ends, and then removes its entries.
// It returns once the first registration stands or has failed; from then on it refreshes and retries by itself,
// and logs. wait returns when the entries are removed after ctx has ended.
func Register(ctx context.Context, o Overlay, ns string, log *slog.Logger) (wait func(), err error) {
	return nil, errors.New("not built yet")
}

// Find looks up namespace ns with a search key and returns providers, best first: the closest successor of key,
// then the other entries seen on the way, in ring order from key. At least one, or ErrNoProvider.
func Find(ctx context.Context, o Overlay, ns string, key wire.NodeID) ([]Provider, error) {
	return nil, errors.New("not built yet")
}

// Key is the search key of an arbitrary name: the first 16 bytes of its SHA-1, as for Resource-IDs.
func Key(name []byte) wire.NodeID { return wire.NodeID{} }
