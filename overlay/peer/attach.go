package peer

import (
	"time"

	"tandem/overlay/wire"
)

const (
	// attachTimeout is how long to wait for the link after an Attach was answered.
	attachTimeout = 5 * time.Second

	// maxAttaches bounds Attaches under way, ours and others'.
	maxAttaches = 128

	// retryAfter is how long a node that could not be reached is left alone.
	retryAfter = 5 * time.Second
)

// An attachment is an Attach of ours under way to a known node (6.5.1).
type attachment struct {
	node     wire.NodeID
	request  *request // nil: answered, or given up for the other's own Attach
	answered bool
	timer    *timer
	done     []func(now time.Time, ok bool)
}

// attach gets a link to a node by an Attach along dest, which ends in the node. done may be nil.
func (c *Core) attach(now time.Time, dest []wire.Destination, sendUpdate bool, done func(now time.Time, ok bool)) {
	n := dest[len(dest)-1].Node
	if done == nil {
		done = func(time.Time, bool) {}
	}
	switch a := c.attaching[n]; {
	case c.connected(n):
		done(now, true)
		return
	case n == c.self || len(c.attaching) >= maxAttaches:
		done(now, false)
		return
	case a != nil:
		a.done = append(a.done, done)
		return
	}
	a := &attachment{node: n, done: []func(time.Time, bool){done}}
	c.attaching[n] = a
	a.request = c.ask(now, Request{Dest: dest, Body: c.attachReq(sendUpdate)}, func(now time.Time, r Response, err error) {
		a.request = nil
		c.attachAnswered(now, a, err)
	})
}

func (c *Core) attachReq(sendUpdate bool) *wire.AttachReq {
	return &wire.AttachReq{Attach: wire.Attach{Role: wire.RolePassive, Candidates: c.cfg.Candidates, SendUpdate: sendUpdate}}
}

func (c *Core) attachAnswered(now time.Time, a *attachment, err error) {
	if c.attaching[a.node] != a {
		return
	}
	if err != nil && !isCode(err, wire.ErrorInProgress) {
		c.attachFailed(now, a)
		return
	}
	a.answered = err == nil // in progress: the other's own Attach is yet to come, or its link
	c.awaitLink(now, a)
}

// awaitLink waits for the other side to connect, as it is the active one.
func (c *Core) awaitLink(now time.Time, a *attachment) {
	c.timers.stop(a.timer)
	a.timer = c.after(now, attachTimeout, func(now time.Time) { c.attachFailed(now, a) })
}

func (c *Core) attachFailed(now time.Time, a *attachment) {
	if c.attaching[a.node] != a {
		return
	}
	delete(c.attaching, a.node)
	c.abandon(a.request)
	c.avoid(now, a.node)
	for _, done := range a.done {
		done(now, false)
	}
}

// attachedTo ends the Attach to a node to which there is a link now.
func (c *Core) attachedTo(now time.Time, n wire.NodeID) {
	a := c.attaching[n]
	if a == nil {
		return
	}
	delete(c.attaching, n)
	c.timers.stop(a.timer)
	c.abandon(a.request)
	for _, done := range a.done {
		done(now, true)
	}
}

// avoid leaves a node alone for a while.
func (c *Core) avoid(now time.Time, n wire.NodeID) {
	c.failed[n] = now.Add(retryAfter)
	c.after(now, retryAfter, func(now time.Time) {
		if until, ok := c.failed[n]; ok && !now.Before(until) {
			delete(c.failed, n)
			c.review(now)
		}
	})
}

// seek gets a link to the peer responsible for a resource, whoever that is, along dest. done gets its Node-ID.
func (c *Core) seek(now time.Time, dest []wire.Destination, done func(now time.Time, n wire.NodeID, ok bool)) {
	c.Do(now, Request{Dest: dest, Body: c.attachReq(true)}, func(now time.Time, r Response, err error) {
		if err != nil || r.From.NodeID == c.self {
			done(now, wire.NodeID{}, false)
			return
		}
		n := r.From.NodeID
		finish := func(now time.Time, ok bool) { done(now, n, ok) }
		switch a := c.attaching[n]; {
		case c.connected(n):
			finish(now, true)
		case a != nil:
			a.done = append(a.done, finish)
		default:
			a := &attachment{node: n, answered: true, done: []func(time.Time, bool){finish}}
			c.attaching[n] = a
			c.awaitLink(now, a)
		}
	})
}

// serveAttach answers an Attach and connects to the one who sent it (6.5.1.2). One that came over the link that is
// asked for needs no other link.
func (c *Core) serveAttach(now time.Time, k *call, req *wire.AttachReq) {
	n := k.from.NodeID
	if n == c.self {
		c.refuse(now, k, wire.ErrorForbidden)
		return
	}
	if a := c.attaching[n]; a != nil && !k.direct {
		if a.answered || n.Compare(c.self) < 0 {
			c.refuse(now, k, wire.ErrorInProgress) // ours goes on
			return
		}
		c.abandon(a.request) // theirs goes on
		a.request = nil
		c.awaitLink(now, a)
	}
	if !k.direct && len(c.dialing) >= maxAttaches {
		c.refuse(now, k, wire.ErrorInProgress)
		return
	}
	c.answer(now, k, &wire.AttachAns{Attach: wire.Attach{Role: wire.RoleActive, Candidates: c.cfg.Candidates}}, nil)
	if k.direct {
		if req.SendUpdate && c.phase == Joined {
			c.sendUpdate(now, c.conns.byNode[n], wire.UpdateFull)
		}
		return
	}
	if req.SendUpdate {
		c.owed[n] = true
	}
	c.dialing[n] = true
	c.after(now, c.lifetime(), func(time.Time) { // whatever the owner does
		delete(c.dialing, n)
		delete(c.owed, n)
	})
	c.emit(&Dial{Node: n, Candidates: req.Candidates})
}

// DialFailed tells that no connection came of a Dial.
func (c *Core) DialFailed(now time.Time, node wire.NodeID) {
	delete(c.dialing, node)
	delete(c.owed, node)
	if a := c.attaching[node]; a != nil && a.request == nil {
		c.attachFailed(now, a)
	}
}
