package overlay

import (
	"context"
	"net"
	"slices"
	"strconv"
	"time"

	"tandem/overlay/link"
	"tandem/overlay/peer"
	"tandem/overlay/wire"
)

// Status is a snapshot of this node.
func (n *Node) Status(ctx context.Context) (Status, error) {
	var s Status
	err := n.call(ctx, func(time.Time) { s = n.status() })
	return s, err
}

func (n *Node) status() Status {
	state := n.core.State()
	doc := n.document.Load()
	s := Status{
		NodeID: n.NodeID().String(), User: n.User(), Overlay: doc.InstanceName, Client: n.cfg.Client,
		Phase:        state.Phase.String(),
		Joined:       state.Phase == peer.Joined || state.Phase == peer.Attached,
		Address:      n.addressOf(n.links),
		SIPAddress:   n.addressOf(n.apps),
		Predecessors: texts(state.Predecessors), Successors: texts(state.Successors), Fingers: texts(state.Fingers),
		Links: []LinkStatus{}, Stored: state.Stored, Sequence: doc.Sequence, Peers: slices.Clone(n.addresses.cached),
	}
	s.Started, s.Connected, s.Requests, s.Expiration = n.started, len(state.Connected), state.Requests, doc.Expiration
	s.CertificateEnds = n.identity.Load().Certificate.NotAfter
	if path := n.core.Path(); len(path) > 1 {
		s.Via = path[0].Node.String()
	}
	n.counts.into(&s)
	for _, c := range n.linksInOrder() {
		s.Links = append(s.Links, linkStatus(c))
	}
	return s
}

func linkStatus(c *conn) LinkStatus {
	stats := c.link.Stats()
	return LinkStatus{
		NodeID: c.node.String(), Address: c.link.RemoteAddr().String(), Since: c.since, RTT: stats.RTT,
		Silent: stats.Silent, Sent: stats.Sent, Received: stats.Received,
	}
}

// addressOf is where others reach a listener.
func (n *Node) addressOf(ln *link.Listener) string {
	return net.JoinHostPort(n.addresses.hosts()[0].String(), strconv.Itoa(ln.Addr().Port))
}

func texts(ids []wire.NodeID) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = id.String()
	}
	return out
}
