// Package sipusage is the SIP usage of RELOAD (RFC 7904): it registers a user's address-of-record (AoR) in the
// overlay, finds where an AoR is registered, and opens SIPS connections to the nodes found.
//
// An AoR is written without scheme, "alice@example.org", and equals the rfc822Name of its owner's certificate.
// A Node-ID, not an address, names the far side of a connection.
package sipusage

import (
	"context"
	"crypto/tls"
	"errors"
	"time"

	"tandem/overlay"
	"tandem/overlay/cert"
	"tandem/overlay/wire"
)

// Lifetime is how long a registration stands without refresh. A phone that vanished without a word is tried for at
// most this long; a shorter one costs a Store from every phone that often.
const Lifetime = 3 * time.Minute

// Errors that a caller branches on.
var (
	// ErrNotRegistered says that the AoR has no live registration.
	ErrNotRegistered = errors.New("the address is not registered in the overlay")

	// ErrBadAoR says that what was given is not user@domain.
	ErrBadAoR = errors.New("not an address of the form user@domain")
)

// Overlay is what this usage asks of a node; *overlay.Node is one.
type Overlay interface {
	NodeID() wire.NodeID
	Path() []wire.Destination
	PathChanged() <-chan struct{}
	Store(ctx context.Context, at wire.ResourceID, kind wire.KindID, values ...overlay.Value) error
	Fetch(ctx context.Context, at wire.ResourceID, kind wire.KindID, keys ...wire.DictionaryKey) ([]overlay.Value, error)
	AppAttach(ctx context.Context, dest []wire.Destination, application wire.Application) (*tls.Conn, cert.Peer, error)
}

// A Contact is a node where an AoR is registered.
type Contact struct {
	AoR    string // whose registration it is; after redirection not the one asked for
	NodeID wire.NodeID
	Path   []wire.Destination // destination list to route by; ends in NodeID
	Prefs  string             // contact_prefs: an RFC 3840 feature predicate
}
