package overlay

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"time"

	"tandem/overlay/link"
	"tandem/overlay/peer"
	"tandem/overlay/wire"
)

const (
	// sendQueue and verifyQueue are the messages of one link that wait to be signed or verified. When full, the
	// newest is dropped: requests are sent again end to end.
	sendQueue   = 512
	verifyQueue = 256

	// maxLinksPerNode bounds the links with one node. Two may arise when both sides attach at once.
	maxLinksPerNode = 4
)

// A conn is a link with the lanes on which its messages are signed and verified, in order.
type conn struct {
	id        peer.LinkID // a new one each time the link comes back from silence; the loop's
	node      wire.NodeID
	names     []wire.NodeID // of the certificate of a node that dialed, if there are several; node is the first
	address   string        // where it was dialed; empty if the other side dialed
	bootstrap bool
	since     time.Time

	link     *link.Link
	outgoing chan outgoing
	incoming chan *peer.Verify
}

// outgoing is a message to sign and send, or the end.
type outgoing struct {
	send *peer.Send
	end  error
}

// acceptLink takes a link that another node opened.
func (n *Node) acceptLink(c *tls.Conn) {
	from, err := n.verifier.PeerOf(c.ConnectionState())
	if err != nil {
		_ = c.Close()
		return
	}
	cn := n.newConn(c, from.NodeID(), "")
	if len(from.NodeIDs) > 1 {
		cn.names = from.NodeIDs
	}
	n.run(cn)
}

func (n *Node) newConn(c *tls.Conn, node wire.NodeID, address string) *conn {
	cn := &conn{
		node: node, address: address,
		outgoing: make(chan outgoing, sendQueue),
		incoming: make(chan *peer.Verify, verifyQueue),
	}
	cn.link = link.New(c, n.maxMessage(), link.Events{
		Message:  func(_ *link.Link, b []byte) { n.received(cn, b) },
		Silent:   func(*link.Link) { n.tell(func(now time.Time) { n.silence(now, cn) }) },
		TooLarge: func(_ *link.Link, head []byte) { n.tooLarge(cn, head) },
	})
	return cn
}

// run carries a link's messages until it ends.
func (n *Node) run(c *conn) {
	if c.node == n.NodeID() {
		c.link.Close()
		_ = c.link.Run(n.ctx) // closes the connection
		return
	}
	ctx, cancel := context.WithCancel(n.ctx)
	lanes := make(chan struct{}, 2)
	go func() { n.sendLane(ctx, c); lanes <- struct{}{} }()
	go func() { n.verifyLane(ctx, c); lanes <- struct{}{} }()
	n.tell(func(now time.Time) { n.up(now, c) })
	err := c.link.Run(n.ctx)
	cancel()
	<-lanes
	<-lanes
	n.tell(func(now time.Time) { n.down(now, c, err) })
}

// up makes a link known. Links above the limit for one node push out the oldest. A node that was revoked between
// its handshake and now is refused.
func (n *Node) up(now time.Time, c *conn) {
	if revoked(n.document.Load(), c.node) {
		c.link.Close()
		n.notUp(now, c)
		return
	}
	n.admit(c)
	c.since = now
	n.nextLink++
	c.id = n.nextLink
	n.conns[c.id] = c
	n.addresses.reachedBy(c.link.LocalAddr())
	if c.address != "" {
		n.addresses.hear(c.node, c.address, false)
	}
	n.core.SetCandidates(n.candidates(n.links))
	n.log.Debug("link up", "with", c.node, "addr", c.link.RemoteAddr(), "bootstrap", c.bootstrap)
	n.core.LinkUp(now, peer.Link{ID: c.id, Node: c.node, Bootstrap: c.bootstrap, NodeIDs: c.names})
	n.peersChanged(n.core.State())
}

// admit makes room for a link among those with its node, silent ones included, by closing the oldest.
func (n *Node) admit(c *conn) {
	same := n.with[c.node]
	if slices.Contains(same, c) {
		return
	}
	if len(same) >= maxLinksPerNode {
		same[0].link.Close()
		same = same[1:]
	}
	n.with[c.node] = append(slices.Clone(same), c)
}

// forget takes a link that has ended off the list of those with its node.
func (n *Node) forget(c *conn) {
	rest := slices.DeleteFunc(n.with[c.node], func(other *conn) bool { return other == c })
	if n.with[c.node] = rest; len(rest) == 0 {
		delete(n.with, c.node)
	}
}

// notUp tells the core that what it asked for did not come about.
func (n *Node) notUp(now time.Time, c *conn) {
	switch {
	case c.bootstrap:
		n.core.BootstrapFailed(now)
	case c.address != "":
		n.core.DialFailed(now, c.node)
	}
}

func (n *Node) down(now time.Time, c *conn, cause error) {
	n.forget(c)
	if n.conns[c.id] != c {
		return // was silent, or never up
	}
	delete(n.conns, c.id)
	level := n.log.Debug
	if errors.Is(cause, link.ErrTooLarge) || errors.Is(cause, link.ErrSilent) {
		level = n.log.Warn
	}
	level("link down", "with", c.node, "addr", c.link.RemoteAddr(), "err", cause)
	n.core.LinkDown(now, c.id)
}

// silence takes a link out of use when it owes an acknowledgment, and back when they resume, as a new link (6.6.5).
func (n *Node) silence(now time.Time, c *conn) {
	silent := c.link.Stats().Silent
	switch {
	case silent && n.conns[c.id] == c:
		n.log.Info("link is silent", "with", c.node)
		delete(n.conns, c.id)
		n.core.LinkDown(now, c.id)
	case !silent && n.conns[c.id] != c && !ended(c.link):
		n.log.Info("link is heard again", "with", c.node)
		n.up(now, c)
	}
}

func ended(l *link.Link) bool {
	select {
	case <-l.Done():
		return true
	default:
		return false
	}
}

// closeLink ends a link after what was sent before.
func (n *Node) closeLink(a *peer.Close) {
	c, ok := n.conns[a.Link]
	if !ok {
		return
	}
	n.log.Debug("closing a link", "with", c.node, "reason", a.Reason)
	select {
	case c.outgoing <- outgoing{end: fmt.Errorf("closed: %s", a.Reason)}:
	default:
		c.link.Close()
	}
}

// linksInOrder returns the links, oldest first.
func (n *Node) linksInOrder() []*conn {
	list := make([]*conn, 0, len(n.conns))
	for _, c := range n.conns {
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b *conn) int { return cmp.Compare(a.id, b.id) })
	return list
}
