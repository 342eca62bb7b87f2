package gateway

import (
	"context"
	"net"
	"net/netip"

	"tandem/gateway/call"
	"tandem/gateway/route"
	"tandem/gateway/sipua"
)

// Gateway is a running gateway.
type Gateway struct{ cfg Config }

// New opens the sockets and loads the Setup; calls are taken from now on.
func New(ctx context.Context, cfg Config) (*Gateway, error) { return nil, nil }

// Run keeps the Setup current until ctx ends, then closes: calls that are still up are hung up.
func (g *Gateway) Run(ctx context.Context) error { return nil }

// Drain refuses new calls with 503 and returns when the last call has ended, or with ctx.
func (g *Gateway) Drain(ctx context.Context) error { return nil }

// Reload loads the Setup now. What cannot be used (a trunk that makes no sense) is an error, and the old one stays.
func (g *Gateway) Reload(ctx context.Context) error { return nil }

// Serve takes over a SIPS connection that the overlay accepted (application 5061).
func (g *Gateway) Serve(conn net.Conn, peer route.Peer) error { return nil }

// Transfer connects a leg that a menu holds to a target, and returns when that call is over: nil when it was put
// through and ended, else why not, with the leg still there to be talked to. It satisfies attendant's wish.
func (g *Gateway) Transfer(ctx context.Context, leg call.Leg, to route.Target) error { return nil }

// Addr is the address that the trunk side listens on.
func (g *Gateway) Addr(t sipua.Transport) netip.AddrPort { return netip.AddrPort{} }

// Status tells how it is.
func (g *Gateway) Status() Status { return Status{} }
