package peer

import (
	"time"

	"tandem/overlay/wire"
)

// Limits of a polite goodbye.
const (
	leaveWait   = 5 * time.Second // in all
	goodbyeWait = time.Second     // for the answers to Leave
)

// leaving is a goodbye under way.
type leaving struct {
	done  []func(now time.Time)
	timer *timer
	open  int // LeaveReqs without answer
}

// Leave hands the stored values over, says goodbye to the neighbors (6.4.2.2) and calls done, after 5 s at the latest.
// The owner then closes the links.
func (c *Core) Leave(now time.Time, done func(now time.Time)) {
	switch {
	case c.phase == Left:
		done(now)
		return
	case c.leaving != nil:
		c.leaving.done = append(c.leaving.done, done)
		return
	}
	l := &leaving{done: []func(time.Time){done}}
	if c.phase != Joined || c.top.Len() == 0 {
		c.leaving = l
		c.becomeLeft(now)
		return
	}
	mine := c.data.Select(c.responsible)
	c.leaving = l
	l.timer = c.after(now, leaveWait, c.becomeLeft)
	c.push(now, c.top.Successors()[0], mine, func(now time.Time, err error) { c.sayGoodbye(now) })
}

// sayGoodbye sends Leave to every neighbor, with our own neighbors of that side (10.9).
func (c *Core) sayGoodbye(now time.Time) {
	l := c.leaving
	if c.phase == Left || l.open > 0 {
		return
	}
	c.timers.stop(l.timer)
	l.timer = c.after(now, goodbyeWait, c.becomeLeft)
	succs, preds := c.top.Successors(), c.top.Predecessors()
	for i, n := range c.top.Neighbors() {
		data := &wire.ChordLeaveData{Type: wire.LeaveFromPredecessor, Nodes: preds}
		if i >= len(succs) { // we are the successor of our predecessors
			data = &wire.ChordLeaveData{Type: wire.LeaveFromSuccessor, Nodes: succs}
		}
		raw, err := data.MarshalBinary()
		if err != nil {
			continue
		}
		l.open++
		req := Request{Dest: []wire.Destination{wire.ToNode(n)}, Body: &wire.LeaveReq{Node: c.self, Data: raw}, adjacent: true}
		c.Do(now, req, func(now time.Time, _ Response, _ error) {
			if l.open--; l.open == 0 {
				c.becomeLeft(now)
			}
		})
	}
}

// becomeLeft ends the membership. Messages are still passed on until the links are closed.
func (c *Core) becomeLeft(now time.Time) {
	if c.phase == Left {
		return
	}
	c.enter(Left)
	c.timers.stop(c.leaving.timer)
	for _, q := range c.requestsWhere(func(*request) bool { return true }) {
		c.finish(now, q, Response{}, ErrLeft)
	}
	for _, done := range c.leaving.done {
		done(now)
	}
}

// serveLeave takes a neighbor's goodbye as its failure (10.9), only that nobody has to find out.
func (c *Core) serveLeave(now time.Time, k *call, req *wire.LeaveReq) {
	if !k.direct || k.from.NodeID != req.Node { // 6.4.2.2
		c.refuse(now, k, forbidden("a Leave from another node than the one that leaves"))
		return
	}
	c.answer(now, k, &wire.LeaveAns{}, nil)
	c.conns.byNode[req.Node].left = true
	c.abortAdmission(now, req.Node)
	c.dropPeer(now, req.Node, true)
	c.onDisconnected(now, req.Node)
	c.review(now)
}
