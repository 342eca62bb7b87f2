package peer

import (
	"errors"
	"slices"
	"time"

	"tandem/overlay/chord"
	"tandem/overlay/wire"
)

const (
	// updateDelay is how long changes are collected before everybody is told of them (trap 12: one Update for many).
	updateDelay = 50 * time.Millisecond

	// farUpdateDelay is the same for nodes that are no neighbors and have heard of us before (10.7.3 sets no time for them): nothing
	// waits for what they learn, and under churn most of the traffic is theirs.
	farUpdateDelay = 30 * time.Second

	// lookAgainAfter is how long after the last change the neighbors are told once more.
	lookAgainAfter = 20 * time.Second

	// maxAdvert bounds what is kept of another peer's lists.
	maxAdvert = 64
)

// An advert is what a peer said of its neighbors last.
type advert struct{ nodes []wire.NodeID }

// ringView is the neighborhood as review saw it last.
type ringView struct {
	set      bool
	succs    []wire.NodeID
	preds    []wire.NodeID
	replicas []wire.NodeID
	handed   wire.NodeID // a predecessor that has been handed what is its
}

// owns reports whether a point was in the range of that view.
func (v *ringView) owns(self wire.NodeID, k chord.ID) bool {
	return v.set && (len(v.preds) == 0 || k.Within(chord.Node(v.preds[0]), chord.Node(self)))
}

// serveUpdate takes what another peer says of its neighborhood (10.7.3).
func (c *Core) serveUpdate(now time.Time, k *call, req *wire.UpdateReq) {
	if !k.direct {
		c.refuse(now, k, forbidden("an Update from another node than the one at the end of the link"))
		return
	}
	c.answer(now, k, &wire.UpdateAns{}, nil)
	n := k.from.NodeID
	if cn := c.conns.byNode[n]; cn == nil || cn.left {
		return
	}
	if c.top.Add(n) {
		c.foundPeer(now)
	}
	if req.Type != wire.UpdatePeerReady {
		c.hear(n, req)
	} else if _, ok := c.heard[n]; !ok {
		c.heard[n] = advert{}
	}
	c.joinUpdated(now, n, req)
	if c.cfg.Client {
		c.chooseHome(now)
	}
	c.review(now)
}

// hear keeps the lists of an Update.
func (c *Core) hear(n wire.NodeID, req *wire.UpdateReq) {
	all := slices.Concat(req.Predecessors, req.Successors, req.Fingers)
	c.heard[n] = advert{nodes: all[:min(len(all), maxAdvert)]}
}

func (c *Core) failedNow(now time.Time, n wire.NodeID) bool {
	until, ok := c.failed[n]
	return ok && now.Before(until)
}

// candidates are the nodes that belong into our Neighbor Table by what others say and to which there is no link yet.
func (c *Core) candidates(now time.Time) []wire.NodeID {
	return slices.DeleteFunc(c.missing(now), c.connected)
}

// missing are the nodes that belong into our Neighbor Table by what others say: without a link, or without an Update.
func (c *Core) missing(now time.Time) []wire.NodeID {
	var known []wire.NodeID
	for _, p := range c.top.Peers() {
		for _, n := range c.heard[p].nodes {
			if n != c.self && !n.IsZero() && n != wire.Wildcard && !c.failedNow(now, n) {
				known = append(known, n)
			}
		}
	}
	return c.top.Missing(known)
}

// wayTo is the destination list for an Attach to a new neighbor: through the peer that named it (10.6), the nearest to
// it if several did.
func (c *Core) wayTo(n wire.NodeID) []wire.Destination {
	var teller wire.NodeID
	for _, p := range c.top.Peers() {
		if slices.Contains(c.heard[p].nodes, n) {
			if teller.IsZero() || nearer(n, p, teller) {
				teller = p
			}
		}
	}
	if teller.IsZero() {
		return []wire.Destination{wire.ToNode(n)}
	}
	return []wire.Destination{wire.ToNode(teller), wire.ToNode(n)}
}

// nearer reports whether a is nearer to n than b, whichever way around the ring.
func nearer(n, a, b wire.NodeID) bool {
	distance := func(x wire.NodeID) chord.ID {
		there, back := chord.Node(x).Sub(chord.Node(n)), chord.Node(n).Sub(chord.Node(x))
		if back.Less(there) {
			return back
		}
		return there
	}
	return distance(a).Less(distance(b))
}

// dropPeer takes a peer out of the Routing Table (10.7.1, 10.7.2). One that said goodbye will not be back in a moment, so there
// is no hold-down after it.
func (c *Core) dropPeer(now time.Time, n wire.NodeID, saidGoodbye bool) {
	delete(c.heard, n)
	delete(c.complete, n)
	if p := c.pushes[n]; p != nil {
		c.endPush(now, p, ErrTimeout)
	}
	its := c.data.Select(func(r wire.ResourceID) bool { return c.top.Owner(chord.Resource(r)) == n })
	if !c.top.Remove(n) {
		return
	}
	c.avoid(now, n)
	if slices.Contains(c.ring.replicas, n) && !saidGoodbye {
		c.holdDown, c.holdFor = now.Add(c.cfg.HoldDown), c.top.Successors()
	}
	c.inherit(now, its)
	if c.phase == Joined && !c.set.NotReactive {
		c.seekFingers(now)
	}
}

// review looks at the neighborhood after anything about it may have changed: tries for better neighbors, and tells others
// and moves values when it is not what it was.
func (c *Core) review(now time.Time) {
	if c.phase != Joined || c.leaving != nil {
		return
	}
	for _, n := range c.missing(now) {
		if c.connected(n) {
			c.askForUpdate(now, n)
			continue
		}
		c.attach(now, c.wayTo(n), true, nil)
	}
	old := c.ring
	c.ring = ringView{set: true, succs: c.top.Successors(), preds: c.top.Predecessors(), replicas: c.top.Replicas(), handed: old.handed}
	changed := !slices.Equal(old.succs, c.ring.succs) || !slices.Equal(old.preds, c.ring.preds)
	rangeChanged := !old.set || !slices.Equal(old.preds[:min(1, len(old.preds))], c.ring.preds[:min(1, len(c.ring.preds))])
	if rangeChanged {
		c.moveRange(now, &old)
	}
	c.reviewReplicas(now)
	if changed && (!c.set.NotReactive || rangeChanged) {
		c.updateSoon(now)
	}
	if changed {
		c.emit(&Changed{})
		c.lookAgain(now)
	}
}

// lookAgain tells the neighbors once more of our neighborhood when it has been as it is for a while: an Update of the last
// change that went astray is not missed until the next periodic one.
func (c *Core) lookAgain(now time.Time) {
	c.timers.stop(c.againTimer)
	c.againTimer = c.after(now, c.jitter(lookAgainAfter), func(now time.Time) {
		if c.phase != Joined || c.leaving != nil {
			return
		}
		for _, n := range c.top.Neighbors() {
			c.sendUpdate(now, c.conns.byNode[n], wire.UpdateNeighbors)
		}
		c.review(now)
	})
}

// askForUpdate asks a node that others call a peer, and that has a link to us but has sent no Update, for one: it may have sent
// it by a link that we had given up (6.4.2.4).
func (c *Core) askForUpdate(now time.Time, n wire.NodeID) {
	cn := c.conns.byNode[n]
	if cn.left || now.Before(cn.askAgain) {
		return
	}
	cn.askAgain = now.Add(retryAfter)
	req := &wire.RouteQueryReq{SendUpdate: true, Destination: wire.ToNode(c.self)}
	c.Do(now, Request{Dest: []wire.Destination{wire.ToNode(n)}, Body: req, adjacent: true}, func(time.Time, Response, error) {})
}

func (c *Core) updateSoon(now time.Time) {
	if c.updateTimer == nil {
		c.updateTimer = c.after(now, c.jitter(updateDelay), c.flushUpdates)
	}
}

// flushUpdates tells the neighbors, and those who have heard nothing of us, of our neighborhood at once, and others later.
func (c *Core) flushUpdates(now time.Time) {
	c.timers.stop(c.updateTimer)
	c.updateTimer = nil
	if c.phase != Joined || c.leaving != nil {
		return
	}
	neighbors := c.top.Neighbors()
	c.tell(now, func(cn *connection) bool { return cn.told == nil || slices.Contains(neighbors, cn.node) })
	if c.farTimer == nil {
		c.farTimer = c.after(now, c.jitter(farUpdateDelay), c.tellFar)
	}
}

func (c *Core) tellFar(now time.Time) {
	c.farTimer = nil
	if c.phase == Joined && c.leaving == nil {
		c.tell(now, func(*connection) bool { return true })
	}
}

// tell sends an Update to those of the nodes with a link who have not heard the like yet.
func (c *Core) tell(now time.Time, to func(*connection) bool) {
	for _, n := range slices.Clone(c.conns.order) {
		cn := c.conns.byNode[n]
		if cn != nil && to(cn) && !c.saysSame(cn.told) {
			c.sendUpdate(now, cn, wire.UpdateNeighbors)
		}
	}
}

func (c *Core) saysSame(told *wire.UpdateReq) bool {
	return told != nil && slices.Equal(told.Successors, c.top.Successors()) && slices.Equal(told.Predecessors, c.top.Predecessors())
}

// sendUpdate sends an Update over a link. A node that does not answer one is given up (10.7.1).
func (c *Core) sendUpdate(now time.Time, cn *connection, kind wire.UpdateType) {
	if cn == nil {
		return
	}
	u := &wire.UpdateReq{Uptime: now.Sub(c.started).Truncate(time.Second), Type: kind}
	if kind != wire.UpdatePeerReady {
		u.Predecessors, u.Successors = c.top.Predecessors(), c.top.Successors()
		cn.told = u
	}
	if kind == wire.UpdateFull {
		u.Fingers = c.top.Fingers()
	}
	n := cn.node
	c.Do(now, Request{Dest: []wire.Destination{wire.ToNode(n)}, Body: u, adjacent: true}, func(now time.Time, r Response, err error) {
		if errors.Is(err, ErrTimeout) {
			c.hangUp(now, n, "no answer to an Update")
		}
	})
}
