package peer

import (
	"slices"
	"time"

	"tandem/overlay/chord"
	"tandem/overlay/wire"
)

// Limits of a Search.
const (
	searchPause    = 400 * time.Millisecond // until the next attempt while the others are out
	searchAttempts = 60
	searchRepeats  = 6 // that one peer is asked, each time along another way
)

// searchAway is how far from the resource peers are looked for that know its neighborhood, in halves of the usual distance of
// two peers: gaps differ widely, and a liar may sit in front of one.
var searchAway = [...]int{3, 6, 12, 4, 9, 2}

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
	asked    map[wire.NodeID]int
	near     bool // peers near the resource have told of others
}

// Search fetches like Do with a FetchReq, but when no values come it asks again along other ways, and the peers that must have
// copies (10.4), a bounded number of times. done gets the first answer with values, else one without, else the error.
func (c *Core) Search(now time.Time, req *wire.FetchReq, done Done) {
	s := &search{req: req, done: done, asked: map[wire.NodeID]int{}, err: ErrTimeout}
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
	at := wire.ToResource(s.req.Resource)
	switch {
	case s.attempts%4 == 1: // the responsible peer, first the plain way
		c.searchAt(now, s, c.detour(s.attempts, at))
	case s.attempts%4 == 3 && c.searchReplicas(now, s):
	case s.attempts%8 == 4: // it knows who is behind it
		c.searchNeighborhood(now, s, at)
	default: // and so do others around it, who know ways past it
		away := c.spacing(searchAway[s.attempts/4%len(searchAway)])
		point := chord.Resource(s.req.Resource)
		if s.attempts%4 == 2 {
			point = point.Sub(away)
		} else {
			point = point.Add(away)
		}
		c.searchNeighborhood(now, s, wire.ToResource(point.ResourceID()))
	}
}

// searchNeighborhood gets a link to who is responsible for a resource, whose Update then tells of the neighborhood.
func (c *Core) searchNeighborhood(now time.Time, s *search, at wire.Destination) {
	s.open++
	c.seek(now, c.detour(s.attempts, at), func(now time.Time, _ wire.NodeID, ok bool) {
		c.after(now, searchPause, func(now time.Time) {
			s.open--
			s.near = s.near || ok
			if !s.over && s.near {
				c.searchReplicas(now, s)
			}
			c.searchGoesOn(now, s, !ok)
		})
	})
}

// searchReplicas asks one of the peers that must have copies, as far as is known: the one asked least.
func (c *Core) searchReplicas(now time.Time, s *search) bool {
	if !s.near {
		return false
	}
	for repeats := range searchRepeats {
		for _, n := range c.knownBehind(s.req.Resource) {
			if s.asked[n] == repeats {
				s.asked[n]++
				c.searchAt(now, s, c.wayPast(n))
				return true
			}
		}
	}
	return false
}

// knownBehind are the nearest nodes at or behind a resource that peers have told of, one more than keep it.
func (c *Core) knownBehind(r wire.ResourceID) (nodes []wire.NodeID) {
	from := chord.Resource(r)
	for _, p := range c.top.Peers() {
		for _, n := range append([]wire.NodeID{p}, c.heard[p].nodes...) {
			i, known := slices.BinarySearchFunc(nodes, n, func(a, b wire.NodeID) int {
				return chord.Node(a).Sub(from).Compare(chord.Node(b).Sub(from))
			})
			if !known && n != c.self && i < 2+chord.ReplicaCount {
				nodes = slices.Insert(nodes, i, n)
				nodes = nodes[:min(len(nodes), 2+chord.ReplicaCount)]
			}
		}
	}
	return nodes
}

// wayPast leads to a node over its link, if there is one, else through any of the peers that told of it.
func (c *Core) wayPast(n wire.NodeID) []wire.Destination {
	var tellers []wire.NodeID
	for _, p := range c.top.Peers() {
		if slices.Contains(c.heard[p].nodes, n) {
			tellers = append(tellers, p)
		}
	}
	if c.connected(n) || len(tellers) == 0 {
		return []wire.Destination{wire.ToNode(n)}
	}
	return []wire.Destination{wire.ToNode(tellers[c.rng.IntN(len(tellers))]), wire.ToNode(n)}
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
		case err == nil:
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
