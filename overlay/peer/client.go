package peer

import (
	"slices"
	"time"

	"tandem/overlay/wire"
)

// chooseHome settles which peer a client is reached through: the one responsible for its Node-ID once it has a link to
// that, until then any that has said by an Update that it is one (3.2.1).
func (c *Core) chooseHome(now time.Time) {
	peers := c.top.Peers()
	switch {
	case slices.Contains(peers, c.home):
	case len(peers) > 0:
		c.setHome(peers[0])
	case !c.home.IsZero():
		c.setHome(wire.NodeID{})
	}
	switch {
	case !c.home.IsZero():
		c.enter(Attached)
	case c.phase == Attached:
		c.enter(Bootstrapping)
	}
	c.seekHome(now)
}

func (c *Core) setHome(n wire.NodeID) {
	c.home = n
	c.emit(&Changed{})
}

// homingPause is how long a client with one peer waits before it looks for a second, as others may have come.
const homingPause = 5 * time.Second

// seekHome attaches to the peer responsible for the own Node-ID. With that and the bootstrap peer there are two ways into
// the overlay, so the loss of one is no interruption.
func (c *Core) seekHome(now time.Time) {
	if c.homing || c.top.Len() > 1 || len(c.waysIn()) == 0 {
		return
	}
	c.homing = true
	dest := []wire.Destination{wire.ToResource(wire.ResourceID(c.self))}
	c.seek(now, dest, func(now time.Time, n wire.NodeID, ok bool) {
		if ok && c.top.Has(n) && n != c.home {
			c.setHome(n)
		}
		if ok && c.top.Len() == 1 {
			c.seekSecond(now)
			return
		}
		c.restHoming(now, ok)
	})
}

// seekSecond attaches to a neighbor of the only peer there is a link to: the bootstrap peer is the responsible one.
func (c *Core) seekSecond(now time.Time) {
	candidates := c.candidates(now)
	if len(candidates) == 0 {
		c.restHoming(now, true)
		return
	}
	n := candidates[c.rng.IntN(len(candidates))]
	c.attach(now, c.wayTo(n), true, func(now time.Time, ok bool) { c.restHoming(now, ok) })
}

// restHoming waits before the next look, not long if the last one failed.
func (c *Core) restHoming(now time.Time, ok bool) {
	pause := homingPause
	if !ok {
		pause = time.Second
	}
	c.after(now, c.jitter(pause), func(now time.Time) {
		c.homing = false
		if c.phase != Left {
			c.seekHome(now)
		}
	})
}
