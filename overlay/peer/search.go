package peer

import (
	"time"

	"tandem/overlay/chord"
	"tandem/overlay/wire"
)

// Limits of a Search.
const (
	searchPause    = 500 * time.Millisecond // until the next attempt while the others are out
	searchAttempts = 24
)

// search is a fetch that does not take one peer's word for it that there is nothing (13.5: peers on the way may drop, the
// responsible peer may lie). Signatures tell true values from forged ones, so the first value that holds ends it.
type search struct {
	req      *wire.FetchReq
	done     Done
	attempts int
	open     int
	timer    *timer
	best     Response // an answer without values
	err      error
	over     bool
	asked    map[wire.NodeID]bool
}

// Search fetches like Do with a FetchReq, but when no values come it asks again along other ways, and the peers that must have
// copies (10.4), a bounded number of times. done gets the first answer with values, else one without, else the error.
func (c *Core) Search(now time.Time, req *wire.FetchReq, done Done) {
	s := &search{req: req, done: done, asked: map[wire.NodeID]bool{}, err: ErrTimeout}
	c.searchOn(now, s)
}

// searchOn makes the next attempt, and plans the one after it.
func (c *Core) searchOn(now time.Time, s *search) {
	c.timers.stop(s.timer)
	if s.over {
		return
	}
	if s.attempts == searchAttempts {
		if s.open == 0 {
			c.searchEnds(now, s, s.best, s.err)
		}
		return
	}
	s.attempts++
	s.timer = c.after(now, searchPause, func(now time.Time) { c.searchOn(now, s) })
	switch s.attempts % 3 {
	case 1: // the responsible peer, first the plain way
		c.searchAt(now, s, c.detour(s.attempts, wire.ToResource(s.req.Resource)))
	case 2: // who may be the one behind it
		c.searchBehind(now, s, chord.Resource(s.req.Resource).Add(c.spacing(2+s.attempts%4)))
	default:
		c.searchBehind(now, s, chord.Resource(s.req.Resource).Add(c.spacing(5+s.attempts%5)))
	}
}

// searchBehind finds a peer behind the resource, asks it, and goes on right behind it.
func (c *Core) searchBehind(now time.Time, s *search, at chord.ID) {
	s.open++
	dest := c.detour(s.attempts, wire.ToResource(at.ResourceID()))
	c.Do(now, Request{Dest: dest, Body: &wire.PingReq{}}, func(now time.Time, r Response, err error) {
		s.open--
		n := r.From.NodeID
		if err == nil && !s.over && !s.asked[n] {
			s.asked[n] = true
			c.searchAt(now, s, c.detour(s.attempts+1, wire.ToNode(n)))
		}
		c.searchGoesOn(now, s, err != nil)
	})
}

// searchAt fetches from a destination.
func (c *Core) searchAt(now time.Time, s *search, dest []wire.Destination) {
	s.open++
	c.Do(now, Request{Dest: dest, Body: s.req}, func(now time.Time, r Response, err error) {
		s.open--
		switch {
		case s.over:
			return
		case err == nil && len(r.Values) > 0:
			c.searchEnds(now, s, r, nil)
			return
		case err == nil && s.best.Body == nil:
			s.best, s.err = r, nil
		case err != nil && s.best.Body == nil:
			s.err = err
		}
		c.searchGoesOn(now, s, true)
	})
}

// searchGoesOn follows the end of one request: at once if there is nothing to wait for.
func (c *Core) searchGoesOn(now time.Time, s *search, soon bool) {
	if !s.over && soon && (s.open == 0 || s.attempts < searchAttempts) {
		c.searchOn(now, s)
	}
}

func (c *Core) searchEnds(now time.Time, s *search, r Response, err error) {
	s.over = true
	c.timers.stop(s.timer)
	s.done(now, r, err)
}

// detour leads to a destination through a peer of our choice after the first attempt (6.1.1: destination lists).
func (c *Core) detour(attempt int, d wire.Destination) []wire.Destination {
	peers := c.top.Peers()
	if attempt == 1 || c.phase != Joined || len(peers) == 0 || c.forSelf(d) {
		return []wire.Destination{d}
	}
	relay := wire.ToNode(peers[c.rng.IntN(len(peers))])
	if relay == d {
		return []wire.Destination{d}
	}
	return []wire.Destination{relay, d}
}

// spacing is about halves times half the usual distance between two peers, as far as the own neighbors tell.
func (c *Core) spacing(halves int) chord.ID {
	preds, succs := c.top.Predecessors(), c.top.Successors()
	if len(preds) == 0 {
		return chord.ID{}
	}
	whole := chord.Node(succs[len(succs)-1]).Sub(chord.Node(preds[len(preds)-1]))
	return whole.Times(halves, 2*(len(preds)+len(succs)))
}
