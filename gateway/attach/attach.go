// Package attach keeps SIPS connections to nodes of the overlay: one for each node, for as long as it is up.
//
// A connection that the overlay opened (AppAttach) is handed to an overlay sipua.UA and used for every call to that
// node, whichever side asked for it; a dead one is replaced by the next call. Attempts to the same node are made
// once and shared.
package attach

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"tandem/gateway/media"
	"tandem/gateway/route"
	"tandem/gateway/sipua"
)

// Timeout is how long an attempt to reach a node may take.
const Timeout = 8 * time.Second

// ErrRevoked: the node's certificate is revoked.
var ErrRevoked = errors.New("the node is revoked")

// Pool is the connections of one overlay UA.
type Pool struct {
	ua       *sipua.UA
	overlay  route.Overlay
	media    *media.Engine
	attempts singleflight.Group

	mu      sync.Mutex
	peers   map[string]netip.Addr // by Node-ID: where the latest connection leads
	revoked map[string]bool       // by Node-ID
}

// New makes a pool for an overlay UA. It waits for nothing and owns nothing: the connections are the UA's.
func New(ua *sipua.UA, overlay route.Overlay, engine *media.Engine) *Pool {
	return &Pool{ua: ua, overlay: overlay, media: engine, peers: make(map[string]netip.Addr)}
}

// Serve takes over a connection that the overlay accepted for us. ErrRevoked: it is closed.
func (p *Pool) Serve(conn net.Conn, peer route.Peer) error {
	if p.isRevoked(peer.Node) {
		_ = conn.Close()
		return fmt.Errorf("serve node %s: %w", peer.Node, ErrRevoked)
	}
	p.remember(peer.Node, conn.RemoteAddr())
	if err := p.ua.Serve(conn, sipua.Peer{Node: peer.Node, User: peer.User}); err != nil {
		return fmt.Errorf("serve node %s: %w", peer.Node, err)
	}
	if p.isRevoked(peer.Node) { // meanwhile
		p.ua.Disconnect(peer.Node)
		return fmt.Errorf("serve node %s: %w", peer.Node, ErrRevoked)
	}
	return nil
}

// Revoke says which nodes are not to be served any more, all of them: their connections are closed. A certificate is
// looked at when a connection begins, and a connection may outlive it.
func (p *Pool) Revoke(nodes []string) {
	revoked := make(map[string]bool, len(nodes))
	for _, n := range nodes {
		revoked[n] = true
	}
	p.mu.Lock()
	p.revoked = revoked
	p.mu.Unlock()
	for _, n := range nodes {
		p.ua.Disconnect(n)
	}
}

func (p *Pool) isRevoked(node string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.revoked[node]
}

// Reach returns the hop to a node, opening a connection when there is none.
func (p *Pool) Reach(ctx context.Context, c route.Contact) (sipua.Hop, error) {
	hop := sipua.Hop{Transport: sipua.TLS, Node: c.Node}
	if p.ua.Reach(c.Node) {
		return hop, nil
	}
	// The attempt belongs to all who wait for it, so it does not end with the first of them.
	attempt := p.attempts.DoChan(c.Node, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), Timeout)
		defer cancel()
		return nil, p.connect(ctx, c)
	})
	select {
	case r := <-attempt:
		return hop, r.Err
	case <-ctx.Done():
		return hop, context.Cause(ctx)
	}
}

func (p *Pool) connect(ctx context.Context, c route.Contact) error {
	conn, peer, err := p.overlay.Connect(ctx, c)
	if err != nil {
		return fmt.Errorf("connect to node %s: %w", c.Node, err)
	}
	if peer.Node != c.Node {
		_ = conn.Close()
		return fmt.Errorf("connect to node %s: node %s answered", c.Node, peer.Node)
	}
	return p.Serve(conn, peer)
}

// Addr is where the latest connection to a node leads; the zero value when it is not known.
func (p *Pool) Addr(node string) netip.Addr {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.peers[node]
}

// maxPeers bounds what is remembered of nodes that are gone.
const maxPeers = 4096

func (p *Pool) remember(node string, a net.Addr) {
	addr := addrOf(a)
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.peers) >= maxPeers {
		for n := range p.peers {
			if !p.ua.Reach(n) {
				delete(p.peers, n)
			}
		}
	}
	p.peers[node] = addr
}

func addrOf(a net.Addr) netip.Addr {
	if a == nil {
		return netip.Addr{}
	}
	ap, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap()
}
