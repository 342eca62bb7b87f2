// Package redir finds who provides a service: Recursive Distributed Rendezvous (RFC 7374).
//
// Providers of a namespace, "voice-mail" say, keep entries in a tree of dictionaries stored in the overlay under
// the Kind REDIR. Register keeps this node's entries there; Find looks up the provider whose Node-ID follows a
// search key most closely, so that everybody who asks with the same key finds the same provider.
//
// The arithmetic of the tree and the walks in it are in redir/tree. Access control of the Kind (NODE-ID-MATCH,
// section 5) is applied by the storing peers, in overlay/store.
package redir

import (
	"context"
	"errors"
	"time"

	"tandem/overlay"
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
	PathChanged() <-chan struct{}
	Branching() int
	Store(ctx context.Context, at wire.ResourceID, kind wire.KindID, values ...overlay.Value) error
	Fetch(ctx context.Context, at wire.ResourceID, kind wire.KindID, keys ...wire.DictionaryKey) ([]overlay.Value, error)
}

// Key is the search key of an arbitrary name: the first 16 bytes of its SHA-1, as for Resource-IDs.
func Key(name []byte) wire.NodeID { return wire.NodeID(wire.HashResource(name)) }
