// Package sipusage is the SIP usage of RELOAD (RFC 7904): it registers a user's address-of-record (AoR) in the
// overlay, finds where an AoR is registered, and opens SIPS connections to the nodes found.
//
// An AoR is written without scheme, "alice@example.org", and equals the rfc822Name of its owner's certificate.
package sipusage

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"time"

	"tandem/overlay"
	"tandem/overlay/cert"
	"tandem/overlay/wire"
)

// Errors that a caller branches on.
var (
	// ErrNotRegistered says that the AoR has no live registration.
	ErrNotRegistered = errors.New("the address is not registered in the overlay")

	// ErrBadAoR says that what was given is not user@domain.
	ErrBadAoR = errors.New("not an address of the form user@domain")
)

// A Contact is a node where an AoR is registered.
type Contact struct {
	AoR    string // whose registration it is; after redirection not the one asked for
	NodeID wire.NodeID
	Path   []wire.Destination // destination list to route by; ends in NodeID
	Prefs  string             // contact_prefs, RFC 3840 feature predicate
}

// Lifetime of a registration that is not refreshed.
const Lifetime = 10 * time.Minute

// Overlay is what this usage asks of a node; *overlay.Node is one.
type Overlay interface {
	NodeID() wire.NodeID
	Path() []wire.Destination
	PathChanged() <-chan struct{}
	Store(ctx context.Context, at wire.ResourceID, kind wire.KindID, values ...overlay.Value) error
	Fetch(ctx context.Context, at wire.ResourceID, kind wire.KindID, keys ...[]byte) ([]overlay.Value, error)
	AppAttach(ctx context.Context, dest []wire.Destination, application uint16) (*tls.Conn, cert.Peer, error)
}

// Register keeps aor registered at the node of o until ctx ends, and then removes the registration. It returns
// once the first registration stands or has failed; afterwards it refreshes by itself, also whenever the way to
// this node changes, and logs failures. wait returns when the removal is done after ctx has ended.
func Register(ctx context.Context, o Overlay, aor string, log *slog.Logger) (wait func(), err error) {
	return nil, errors.New("not built yet")
}

// Locate returns the nodes where aor is registered, following redirections to other AoRs (RFC 7904 4.2) within
// limits. At least one, or ErrNotRegistered.
func Locate(ctx context.Context, o Overlay, aor string) ([]Contact, error) {
	return nil, errors.New("not built yet")
}

// Connect opens a new SIPS connection to the contact: AppAttach with application 5061. The other end has proved by
// its certificate to be c.NodeID.
func Connect(ctx context.Context, o Overlay, c Contact) (*tls.Conn, cert.Peer, error) {
	return nil, cert.Peer{}, errors.New("not built yet")
}
