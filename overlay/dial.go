package overlay

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"time"

	"tandem/overlay/cert"
	"tandem/overlay/link"
	"tandem/overlay/peer"
	"tandem/overlay/wire"
)

// maxCandidates is how many of a node's candidates are tried.
const maxCandidates = 4

// dialable says that a candidate can be connected to: a unicast address and a link protocol that is known.
func dialable(c wire.IceCandidate) bool {
	ip := c.Addr.Addr()
	return c.Link == wire.LinkTLSTCPFHNoICE && c.Addr.Port() != 0 &&
		(ip.IsGlobalUnicast() || ip.IsLoopback() || ip.IsLinkLocalUnicast())
}

// dial opens the link that a node asked for by Attach.
func (n *Node) dial(a *peer.Dial) {
	started := n.connecting(func() {
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

// connecting runs f in a goroutine if a slot is free.
func (n *Node) connecting(f func()) bool {
	select {
	case n.dials <- struct{}{}:
	default:
		n.refusals.Note("connection not opened", "self", "too many are being opened")
		return false
	}
	n.wg.Go(func() {
		defer func() { <-n.dials }()
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
