package peer

import (
	"slices"
	"time"

	"tandem/overlay/chord"
	"tandem/overlay/wire"
)

// Limits of the lists in a forwarding header. Nobody needs more hops than the TTL allows.
const (
	maxVia          = 255
	maxDestinations = 255

	// A message is held for the ring to settle for holdTime, maxHolds times at most, and not more than maxHeld at once.
	holdTime = 100 * time.Millisecond
	maxHolds = 3
	maxHeld  = 256
)

// Receive takes a message as it came from a link. It is routed on, or asked to be verified if it is for this node
// (6.1).
func (c *Core) Receive(now time.Time, from LinkID, m *wire.Message) {
	cn := c.conns.byLink[from]
	if cn != nil && c.acceptable(now, cn, m) && (cn.names == nil || c.maySend(now, cn, m)) {
		c.route(now, from, m, 0)
	}
}

// route finds out whom a message is for. held says how often it has waited for the ring to settle.
func (c *Core) route(now time.Time, from LinkID, m *wire.Message, held int) {
	cn := c.conns.byLink[from]
	if cn == nil {
		return
	}
	dests, ok := c.undo(now, m.Header.Destinations)
	if !ok {
		c.drop(m, "an opaque ID that is not ours")
		return
	}
	switch d := dests[0]; {
	case d.Type == wire.DestinationNode && (d.Node == c.self || d.Node == wire.Wildcard):
		c.deliver(now, from, cn.node, m)
	case d.Type == wire.DestinationNode:
		if !c.forward(now, cn, m, dests) {
			c.drop(m, "no way to the node")
		}
	case d.Type == wire.DestinationResource && len(dests) > 1:
		c.drop(m, "a resource with more behind it") // 6.1.1
	case d.Type == wire.DestinationResource && c.responsible(d.Resource):
		c.deliver(now, from, cn.node, m)
	case d.Type == wire.DestinationResource && c.aboutToBeResponsible(cn.node, d.Resource):
		c.park(from, m)
	case d.Type == wire.DestinationResource:
		if !c.forward(now, cn, m, dests) {
			c.hold(now, from, m, held+1)
		}
	default:
		c.drop(m, "a destination of an unknown type")
	}
}

// acceptable looks at what every receiver looks at.
func (c *Core) acceptable(now time.Time, cn *connection, m *wire.Message) bool {
	h := &m.Header
	switch {
	case h.Overlay != c.cfg.Overlay:
		c.drop(m, "another overlay")
	case len(h.Destinations) == 0 || len(h.Destinations) > maxDestinations || len(h.Via) > maxVia:
		c.drop(m, "lists too short or too long")
	case h.TTL > c.set.InitialTTL: // 6.3.2
		c.bounce(now, cn, m, wire.ErrorTTLExceeded, "")
	case repeats(h.Destinations): // 13.6.5
		c.bounce(now, cn, m, wire.ErrorInvalidMessage, "a destination twice")
	default:
		return true
	}
	return false
}

func repeats(list []wire.Destination) bool {
	for i, d := range list {
		if slices.Contains(list[:i], d) {
			return true
		}
	}
	return false
}

// hold keeps a message for a little while when there is no way on: two peers see the ring differently, as for a moment after
// a join, and would send it back and forth.
func (c *Core) hold(now time.Time, from LinkID, m *wire.Message, times int) {
	if c.held >= maxHeld || times > maxHolds {
		c.drop(m, "no way on")
		return
	}
	c.held++
	c.after(now, holdTime, func(now time.Time) {
		c.held--
		c.route(now, from, m, times)
	})
}

// forward sends a message on towards dests and reports false if there is no way on. It came from cn, which goes into the via
// list of a request (6.1.2).
func (c *Core) forward(now time.Time, cn *connection, m *wire.Message, dests []wire.Destination) bool {
	if c.phase == Joining && c.join != nil && c.join.sent {
		return false // the admitting peer may have put us into the ring already
	}
	if c.phase != Joined && c.phase != Left {
		c.drop(m, "not a peer: nothing is routed through here") // 3.2.1
		return true
	}
	if m.Header.TTL == 0 {
		c.bounce(now, cn, m, wire.ErrorTTLExceeded, "")
		return true
	}
	for _, o := range m.Header.Options {
		if o.Flags&wire.FlagForwardCritical != 0 {
			c.bounce(now, cn, m, wire.ErrorUnsupportedForwardingOption, "")
			return true
		}
	}
	request := m.Code().IsRequest() || m.Header.Fragment.Offset > 0 // of a later fragment nobody can tell: the way back is kept
	avoid := func(n wire.NodeID) bool {
		return n == cn.node || request && slices.Contains(m.Header.Via, wire.ToNode(n))
	}
	next := c.nextHop(dests[0], avoid)
	if next == nil {
		return false
	}
	h := m.Header
	h.TTL--
	h.Destinations = dests
	if request {
		h.Via = c.viaBehind(now, cn.node, h.Via)
	}
	c.emit(&Send{Link: next.link(), Header: h, Forward: m})
	return true
}

// viaBehind is the via list of a request that came from prev with via: longer by prev, or an opaque ID for all.
func (c *Core) viaBehind(now time.Time, prev wire.NodeID, via []wire.Destination) []wire.Destination {
	if len(via) >= c.cfg.MaxVia {
		if short := c.compress(now, prev, via); short != nil {
			return short
		}
	}
	return append(slices.Clip(slices.Clone(via)), wire.ToNode(prev))
}

// nextHop is where a message for a destination goes from here, nil if nowhere (10.3).
func (c *Core) nextHop(d wire.Destination, avoid func(wire.NodeID) bool) *connection {
	var point chord.ID
	switch d.Type {
	case wire.DestinationNode:
		if cn := c.conns.byNode[d.Node]; cn != nil {
			return cn
		}
		if cn := c.conns.unnamedWith(d.Node); cn != nil {
			return cn
		}
		if point = chord.Node(d.Node); c.phase == Joined && c.top.Responsible(point) {
			return nil // nobody has this Node-ID (6.1.1)
		}
	case wire.DestinationResource:
		point = chord.Resource(d.Resource)
	default:
		return nil
	}
	if (c.leaving != nil || c.phase == Left) && c.top.Responsible(point) && c.top.Len() > 0 {
		return c.conns.byNode[c.top.Successors()[0]] // whoever takes over from us
	}
	if n, ok := c.top.NextHop(point, avoid); ok {
		return c.conns.byNode[n]
	}
	return nil
}

// responsible reports whether this node is a peer of the ring with r in its range.
func (c *Core) responsible(r wire.ResourceID) bool {
	return c.phase == Joined && c.leaving == nil && c.top.Responsible(chord.Resource(r))
}

// drop forgets a message that gets no answer.
func (c *Core) drop(m *wire.Message, why string) {
	c.log.Debug("overlay message dropped", "node_id", c.self, "transaction_id", m.Header.TransactionID,
		"method", m.Code(), "reason", why)
}

// bounce answers a request that is not for us by an error, along the way it came. Answers that go wrong are dropped.
func (c *Core) bounce(now time.Time, cn *connection, m *wire.Message, code wire.ErrorCode, why string) {
	if !m.Code().IsRequest() || len(m.Header.Via) > maxVia {
		c.drop(m, code.Error())
		return
	}
	k := newCall(cn, m)
	c.transmit(now, k, &wire.ErrorResponse{Reason: code, Info: []byte(why)}, nil)
}

// wayBack is the destination list of the answer to a message that came from node prev: the way it came, backwards
// (6.1.2).
func wayBack(prev wire.NodeID, via []wire.Destination) []wire.Destination {
	way := make([]wire.Destination, 0, len(via)+1)
	way = append(way, wire.ToNode(prev))
	for _, d := range slices.Backward(via) {
		way = append(way, d)
	}
	return way
}
