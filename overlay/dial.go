package overlay

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"sync"
	"time"

	"tandem/overlay/cert"
	"tandem/overlay/link"
	"tandem/overlay/peer"
	"tandem/overlay/wire"
)

const (
	// maxCandidates is how many of a node's candidates are tried.
	maxCandidates = 4

	// maxDials and maxDialsPerNode bound the connections being opened because others asked for them. Nobody can use up
	// all of them by asking for connections that do not come about.
	maxDials        = 64
	maxDialsPerNode = 8
)

// dials counts the connections being opened for others.
type dials struct {
	mu    sync.Mutex
	total int
	by    map[wire.NodeID]int // who asked
}

// begin takes a slot, if there is one for node.
func (d *dials) begin(node wire.NodeID) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.total >= maxDials || d.by[node] >= maxDialsPerNode {
		return false
	}
	if d.by == nil {
		d.by = make(map[wire.NodeID]int)
	}
	d.total++
	d.by[node]++
	return true
}

func (d *dials) end(node wire.NodeID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.total--
	if d.by[node]--; d.by[node] == 0 {
		delete(d.by, node)
	}
}

// dialable says that a candidate can be connected to: a unicast address and a link protocol that is known.
func dialable(c wire.IceCandidate) bool {
	ip := c.Addr.Addr()
	return c.Link == wire.LinkTLSTCPFHNoICE && c.Addr.Port() != 0 &&
		(ip.IsGlobalUnicast() || ip.IsLoopback() || ip.IsLinkLocalUnicast())
}

// dial opens the link that a node asked for by Attach.
func (n *Node) dial(a *peer.Dial) {
	started := n.connecting(a.Node, func() {
		c, addr, err := n.connectNode(a.Node, a.Candidates)
		if err != nil {
			n.log.Debug("no link came of an Attach", "with", a.Node, "err", err)
			n.tell(func(now time.Time) { n.core.DialFailed(now, a.Node) })
			return
		}
		n.wg.Go(func() { n.run(n.newConn(c, a.Node, addr)) })
	})
	if !started {
		n.core.DialFailed(time.Now(), a.Node)
	}
}

// connecting runs f in a goroutine if there is a slot for the node that asked for it.
func (n *Node) connecting(node wire.NodeID, f func()) bool {
	if !n.dials.begin(node) {
		n.refusals.Note("connection not opened", node.String(), "too many are being opened")
		return false
	}
	n.wg.Go(func() {
		defer n.dials.end(node)
		f()
	})
	return true
}

// connectNode tries a node's candidates in turn until one of them is that node.
func (n *Node) connectNode(node wire.NodeID, candidates []wire.IceCandidate) (*tls.Conn, string, error) {
	if node == n.NodeID() {
		return nil, "", fmt.Errorf("%w: it is this node", ErrWrongNode)
	}
	err := errors.New("no candidate to connect to")
	tried := 0
	for _, c := range candidates {
		if !dialable(c) || tried >= maxCandidates {
			continue
		}
		tried++
		conn, from, e := n.connect(n.ctx, c.Addr.String())
		switch {
		case e != nil:
			err = e
		case !from.Is(node):
			_ = conn.Close()
			err = fmt.Errorf("%w: %v at %v", ErrWrongNode, from.NodeID(), c.Addr)
		default:
			return conn, c.Addr.String(), nil
		}
	}
	return nil, "", err
}

// connect opens a connection and says who is at the other end.
func (n *Node) connect(ctx context.Context, addr string) (*tls.Conn, cert.Peer, error) {
	conn, err := link.Dial(ctx, addr, n.tls)
	if err != nil {
		return nil, cert.Peer{}, err
	}
	from, err := n.verifier.PeerOf(conn.ConnectionState())
	if err != nil {
		_ = conn.Close()
		return nil, cert.Peer{}, err
	}
	return conn, from, nil
}

// bootstrap connects to the next bootstrap node.
func (n *Node) bootstrap() {
	addr, ok := n.addresses.nextBootstrap()
	if !ok {
		n.core.BootstrapFailed(time.Now())
		return
	}
	n.wg.Go(func() {
		conn, from, err := n.connect(n.ctx, addr)
		if err == nil && from.Is(n.NodeID()) {
			_ = conn.Close()
			n.tell(func(now time.Time) {
				n.addresses.own[addr] = true
				n.core.BootstrapFailed(now)
			})
			return
		}
		if err != nil {
			if n.ctx.Err() == nil {
				n.refusals.Note("bootstrap node not reached", addr, err.Error())
			}
			n.tell(func(now time.Time) { n.core.BootstrapFailed(now) })
			return
		}
		c := n.newConn(conn, from.NodeID(), addr)
		c.bootstrap = true
		n.run(c)
	})
}

// someoneAnswers says that another node is at one of the bootstrap addresses. It takes one handshake at most.
func (n *Node) someoneAnswers(ctx context.Context) bool {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type result struct {
		addr        string
		other, self bool
	}
	all := n.addresses.bootstrapAddresses()
	results := make(chan result, len(all))
	for _, addr := range all {
		n.wg.Go(func() {
			conn, from, err := n.connect(ctx, addr)
			if err == nil {
				_ = conn.Close()
			}
			self := from.Is(n.NodeID())
			results <- result{addr, err == nil && !self, self}
		})
	}
	for range all {
		r := <-results
		if r.self {
			n.addresses.own[r.addr] = true
		}
		if r.other {
			return true
		}
	}
	return false
}
