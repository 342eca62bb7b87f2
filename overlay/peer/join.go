package peer

import (
	"errors"
	"slices"
	"time"

	"tandem/overlay/chord"
	"tandem/overlay/wire"
)

const (
	joinPauseMin  = 200 * time.Millisecond
	joinPauseMax  = 5 * time.Second
	updateWait    = 3 * time.Second  // for the admitting peer's Update
	neighborsWait = 5 * time.Second  // for links to the neighbors to be, before the Join and after the handover
	handoverWait  = 30 * time.Second // for being put into the ring after JoinAns
	maxParked     = 256
	maxJoinPauses = 5
)

// joining is how far a peer has come on its way into the ring (10.5).
type joining struct {
	admitting wire.NodeID // zero: not known yet
	admitted  bool        // JoinAns came
	labeled   bool        // the admitting peer calls us its predecessor
	asked     bool        // the neighbors to be are being attached to
	sent      bool        // JoinReq is out
	timer     *timer
	pauses    int
	parked    []parked // messages for the range that is about to be ours
}

type parked struct {
	link LinkID
	m    *wire.Message
}

// startJoin attaches to the admitting peer: the one responsible for the point behind our Node-ID (step 2).
func (c *Core) startJoin(now time.Time) {
	c.enter(Joining)
	pauses := 0
	if c.join != nil {
		pauses = c.join.pauses
	}
	j := &joining{pauses: pauses}
	c.join = j
	c.seek(now, []wire.Destination{wire.ToResource(c.nextResource())}, func(now time.Time, n wire.NodeID, ok bool) {
		if c.join != j {
			return
		}
		if !ok {
			c.rejoin(now, j, "no admitting peer")
			return
		}
		j.admitting = n
		if _, heard := c.heard[n]; heard {
			c.meetNeighbors(now, j)
			return
		}
		j.timer = c.after(now, updateWait, func(now time.Time) { c.meetNeighbors(now, j) })
	})
}

// rejoin starts over after a pause.
func (c *Core) rejoin(now time.Time, j *joining, why string) {
	if c.join != j || c.phase != Joining {
		return
	}
	c.log.Debug("overlay join starts over", "node_id", c.self, "reason", why)
	c.timers.stop(j.timer)
	c.join = &joining{pauses: min(j.pauses+1, maxJoinPauses)}
	pause := min(joinPauseMin<<j.pauses, joinPauseMax)
	next := c.join
	next.timer = c.after(now, c.jitter(pause), func(now time.Time) {
		if c.join != next || c.phase != Joining {
			return
		}
		if len(c.waysIn()) == 0 {
			c.enter(Bootstrapping)
			c.seekBootstrap(now)
			return
		}
		c.startJoin(now)
	})
}

// joinLost starts over when the admitting peer, or the last way to it, is gone.
func (c *Core) joinLost(now time.Time, n wire.NodeID) {
	if c.phase != Joining || c.join == nil {
		return
	}
	if n == c.join.admitting || len(c.waysIn()) == 0 {
		c.rejoin(now, c.join, "link lost")
	}
}

// meetNeighbors attaches to the peers that will be neighbors, as the admitting peer knows them (step 3), then joins.
func (c *Core) meetNeighbors(now time.Time, j *joining) {
	if c.join != j || j.asked {
		return
	}
	c.timers.stop(j.timer)
	j.asked = true
	waiting := 1
	next := func(now time.Time) {
		if waiting--; waiting == 0 && c.join == j {
			c.askToJoin(now, j)
		}
	}
	for _, n := range c.candidates(now) {
		waiting++
		c.attach(now, c.wayTo(n), true, func(now time.Time, ok bool) { next(now) })
	}
	j.timer = c.after(now, neighborsWait, func(now time.Time) {
		if waiting > 0 {
			waiting = 1
			next(now)
		}
	})
	next(now)
}

// askToJoin sends the JoinReq over the link to the admitting peer (step 5).
func (c *Core) askToJoin(now time.Time, j *joining) {
	c.timers.stop(j.timer)
	j.sent = true
	req := Request{Dest: []wire.Destination{wire.ToNode(j.admitting)}, Body: &wire.JoinReq{Node: c.self}, adjacent: true}
	c.Do(now, req, func(now time.Time, r Response, err error) {
		if c.join != j {
			return
		}
		if err != nil {
			c.rejoin(now, j, err.Error())
			return
		}
		j.admitted = true
		if !j.labeled {
			j.timer = c.after(now, handoverWait, func(now time.Time) { c.rejoin(now, j, "no handover") })
		}
	})
}

// joinUpdated goes on with a join after an Update.
func (c *Core) joinUpdated(now time.Time, from wire.NodeID, req *wire.UpdateReq) {
	if c.phase != Joining || c.join == nil {
		return
	}
	if from == c.join.admitting {
		c.labelCame(now, req.Predecessors)
	}
	if c.phase == Joining && from == c.join.admitting {
		c.meetNeighbors(now, c.join)
	}
	c.joinIfReady(now)
}

// labelCame notes that the admitting peer counts us as its predecessor: the handover is done (step 7). The range reaches
// back to the predecessor that it names for us; before there is a link to that one, too much would seem to be ours.
func (c *Core) labelCame(now time.Time, preds []wire.NodeID) {
	j := c.join
	if c.phase != Joining || j == nil || !j.sent || !slices.Contains(preds, c.self) {
		return
	}
	if !j.labeled {
		j.labeled = true
		c.timers.stop(j.timer)
		j.timer = c.after(now, neighborsWait, func(now time.Time) { c.completeJoin(now, j) })
	}
	for _, n := range c.candidates(now) {
		c.attach(now, c.wayTo(n), true, func(now time.Time, ok bool) { c.joinIfReady(now) })
	}
	c.joinIfReady(now)
}

func (c *Core) joinIfReady(now time.Time) {
	j := c.join
	if c.phase != Joining || j == nil || !j.labeled {
		return
	}
	for _, n := range c.missing(now) {
		if c.precedes(n) {
			return
		}
	}
	c.completeJoin(now, j)
}

func (c *Core) completeJoin(now time.Time, j *joining) {
	if c.join != j || c.phase != Joining {
		return
	}
	c.timers.stop(j.timer)
	c.complete[j.admitting] = true // what it handed over it keeps as a replica
	c.becomeJoined(now)
}

// precedes reports whether a node lies between our predecessor and us.
func (c *Core) precedes(n wire.NodeID) bool { return c.top.Responsible(chord.Node(n)) && n != c.self }

// becomeJoined makes the node a peer of the ring.
func (c *Core) becomeJoined(now time.Time) {
	var waiting []parked
	if c.join != nil {
		waiting = c.join.parked
	}
	c.join = nil
	c.enter(Joined)
	c.ring = ringView{}
	c.log.Info("joined the overlay", "node_id", c.self, "peers", c.top.Len())
	c.review(now)
	c.flushUpdates(now) // step 9
	for _, p := range waiting {
		c.Receive(now, p.link, p.m)
	}
	c.startFingers(now)
}

// aboutToBeResponsible reports whether a message for r can only mean that the admitting peer has put us into the ring and
// its Update, which is still being verified, says so.
func (c *Core) aboutToBeResponsible(from wire.NodeID, r wire.ResourceID) bool {
	return c.phase == Joining && c.join != nil && c.join.admitted && c.top.Responsible(chord.Resource(r))
}

func (c *Core) park(link LinkID, m *wire.Message) {
	if j := c.join; len(j.parked) < maxParked {
		j.parked = append(j.parked, parked{link, m})
	}
}

// An admission is a node that this peer lets into the ring (10.5).
type admission struct {
	node wire.NodeID
	call *call
}

const maxAdmissions = 64

// serveJoin takes a JoinReq. Nodes are let in one after another, because each changes who may let in the next.
func (c *Core) serveJoin(now time.Time, k *call, req *wire.JoinReq) {
	switch {
	case !k.direct || k.from.NodeID != req.Node: // 6.4.2.1
		c.refuse(now, k, forbidden("a Join from another node than the one that joins"))
	case c.phase != Joined || c.leaving != nil:
		c.refuse(now, k, forbidden("not in the ring"))
	case len(c.admissions) >= maxAdmissions:
		c.refuse(now, k, wire.ErrorInProgress)
	default:
		c.abortAdmission(now, req.Node)
		c.admissions = append(c.admissions, &admission{node: req.Node, call: k})
		if len(c.admissions) == 1 {
			c.admitNext(now)
		}
	}
}

// admitNext starts to let in the first node that waits, if it is still ours to let in.
func (c *Core) admitNext(now time.Time) {
	for len(c.admissions) > 0 {
		a := c.admissions[0]
		if c.top.Has(a.node) { // it was in the ring before and lost its memory
			c.dropPeer(now, a.node, false)
			c.review(now)
		}
		if c.phase == Joined && c.top.Responsible(chord.Node(a.node)) {
			c.admit(now, a)
			return
		}
		c.admissions = c.admissions[1:]
		c.refuse(now, a.call, forbidden("another peer is responsible for this Node-ID"))
	}
}

// admit answers the JoinReq, hands over what will be the node's (step 6), then puts it into the ring.
func (c *Core) admit(now time.Time, a *admission) {
	c.answer(now, a.call, &wire.JoinAns{}, nil)
	hands := c.data.Select(func(r wire.ResourceID) bool { return c.handsOver(a.node, r) })
	c.push(now, a.node, hands, func(now time.Time, err error) {
		if len(c.admissions) == 0 || c.admissions[0] != a {
			return
		}
		c.admissions = c.admissions[1:]
		if (err == nil || errors.Is(err, errRefused)) && c.connected(a.node) && c.phase == Joined {
			c.label(now, a.node)
		}
		c.admitNext(now)
	})
}

// handsOver reports whether r will be a joining node's.
func (c *Core) handsOver(n wire.NodeID, r wire.ResourceID) bool {
	k := chord.Resource(r)
	return c.top.Responsible(k) && !k.Within(chord.Node(n), chord.Node(c.self))
}

// label puts a node into the ring as our predecessor and tells it so, then everybody (steps 7 and 8).
func (c *Core) label(now time.Time, n wire.NodeID) {
	c.top.Add(n)
	c.ring.handed = n
	c.sendUpdate(now, c.conns.byNode[n], wire.UpdateNeighbors)
	c.review(now)
	c.flushUpdates(now)
}

// abortAdmission forgets a node that wanted in.
func (c *Core) abortAdmission(now time.Time, n wire.NodeID) {
	i := slices.IndexFunc(c.admissions, func(a *admission) bool { return a.node == n })
	if i < 0 {
		return
	}
	c.admissions = slices.Delete(c.admissions, i, i+1)
	delete(c.pushes, n) // its end is of no interest any more
	if i == 0 {
		c.admitNext(now)
	}
}

func forbidden(why string) error {
	return &wire.ErrorResponse{Reason: wire.ErrorForbidden, Info: []byte(why)}
}

func isCode(err error, code wire.ErrorCode) bool { return errors.Is(err, code) }
