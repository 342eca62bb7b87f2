package sipua

import (
	"context"
	"net"
	"net/netip"
)

// A UA is one user agent: sockets or handed-in connections, and the legs over them.
type UA struct{ cfg Config }

// Start listens and returns when it does. Close ends it.
func Start(cfg Config) (*UA, error) { return &UA{cfg: cfg}, nil }

// Addr is the address that transport t listens on; the zero value when it does not.
func (u *UA) Addr(t Transport) netip.AddrPort { return netip.AddrPort{} }

// Serve takes over an authenticated connection to an overlay peer and returns when requests can be sent over it.
// The connection lives until either side closes it or the UA ends; its loss ends what waits on it at once. If there
// is one to that node already, the older is kept for what runs on it and new requests take the newer.
// Only for an overlay UA.
func (u *UA) Serve(conn net.Conn, p Peer) error { return nil }

// Reach says whether a connection to the node is up.
func (u *UA) Reach(node string) bool { return false }

// Disconnect closes the connections to a node.
func (u *UA) Disconnect(node string) {}

// Calls is the number of legs.
func (u *UA) Calls() int { return 0 }

// Drain refuses new calls with 503 from now on; calls that are up go on.
func (u *UA) Drain() {}

// Close hangs up every leg, closes the sockets and connections, and waits for both, until ctx ends.
func (u *UA) Close(ctx context.Context) error { return nil }

// Options sends OPTIONS and returns the status that came back (RFC 3261 §11). Any status means that it is alive.
func (u *UA) Options(ctx context.Context, uri string, hop Hop) (int, error) { return 0, nil }
