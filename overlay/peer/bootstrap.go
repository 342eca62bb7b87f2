package peer

import (
	"time"

	"tandem/overlay/chord"
	"tandem/overlay/wire"
)

// Pauses between attempts to reach a bootstrap node.
const (
	bootstrapPauseMin = 500 * time.Millisecond
	bootstrapPauseMax = 5 * time.Second
)

// bootstrap is the search for a way into the overlay (11.4).
type bootstrap struct {
	asked bool // a Bootstrap action is out
	pause time.Duration
	timer *timer
}

// seekBootstrap asks for a link to a bootstrap node unless that is under way.
func (c *Core) seekBootstrap(now time.Time) {
	if c.boot.asked || c.boot.timer != nil || c.phase == Left {
		return
	}
	c.boot.asked = true
	c.emit(&Bootstrap{})
}

// BootstrapFailed tells that no connection came of a Bootstrap. While there is no link to a peer, it is tried again with
// growing pauses.
func (c *Core) BootstrapFailed(now time.Time) {
	c.boot.asked = false
	if c.boot.timer != nil {
		return
	}
	c.boot.pause = min(max(2*c.boot.pause, bootstrapPauseMin), bootstrapPauseMax)
	c.boot.timer = c.after(now, c.jitter(c.boot.pause), func(now time.Time) {
		c.boot.timer = nil
		if c.isolated() {
			c.seekBootstrap(now)
		}
	})
}

// bootstrapped goes on with a link to a bootstrap node.
func (c *Core) bootstrapped(now time.Time, cn *connection) {
	c.boot.asked = false
	if c.phase == Joined {
		c.checkPartition(now, cn)
	}
}

// isolated reports whether there is no peer at the other end of any link.
func (c *Core) isolated() bool { return c.top.Len() == 0 }

// doubtAfter is how long an isolated node waits for the Update that peers send on a new link. One that does not come may be
// on its way in itself, or a client, so another bootstrap node is tried, too.
const doubtAfter = 1500 * time.Millisecond

func (c *Core) doubt(now time.Time) {
	c.boot.pause = min(2*c.boot.pause, bootstrapPauseMax)
	c.after(now, max(doubtAfter, c.boot.pause), func(now time.Time) {
		if c.isolated() {
			c.seekBootstrap(now)
		}
	})
}

// foundPeer goes on when the first Update shows that there is a peer at the other end of a link: what went out by other links
// may have gone nowhere.
func (c *Core) foundPeer(now time.Time) {
	c.boot.pause = 0
	if c.phase == Joined || c.top.Len() != 1 {
		return
	}
	for _, q := range c.requestsWhere(func(q *request) bool { return !q.adjacent }) {
		c.send(now, q)
	}
	if c.phase == Bootstrapping && !c.cfg.Client {
		c.startJoin(now)
	}
}

// onConnected goes on after any new link.
func (c *Core) onConnected(now time.Time) {
	if c.isolated() {
		c.doubt(now)
	}
	switch {
	case c.cfg.Client:
		c.chooseHome(now)
	case c.phase == Bootstrapping && len(c.waysIn()) > 0:
		c.startJoin(now)
	}
}

// onDisconnected goes on after the last link to a node is gone.
func (c *Core) onDisconnected(now time.Time, n wire.NodeID) {
	if c.isolated() {
		c.seekBootstrap(now)
	}
	if c.cfg.Client {
		c.chooseHome(now)
		return
	}
	c.joinLost(now, n)
}

// checkPartition asks a bootstrap peer who follows us on the ring. If it is somebody we have no link to, the overlay has
// come apart, or never was one: a link to it lets both sides find their neighbors (10.7.4.4). Asking for our own
// Node-ID, as the RFC has it, would be dropped, so it is the resource behind it.
func (c *Core) checkPartition(now time.Time, b *connection) {
	through := wire.ToNode(b.node)
	dest := []wire.Destination{through, wire.ToResource(c.nextResource())}
	c.Do(now, Request{Dest: dest, Body: &wire.PingReq{}}, func(now time.Time, r Response, err error) {
		if n := r.From.NodeID; err == nil && n != c.self && !c.connected(n) && c.phase == Joined {
			c.log.Info("overlay partition found", "node_id", c.self, "other", n)
			c.attach(now, []wire.Destination{through, wire.ToNode(n)}, true, nil)
		}
	})
}

// nextResource is the Resource-ID right behind our Node-ID: the successor's.
func (c *Core) nextResource() wire.ResourceID {
	return chord.Node(c.self).Add(chord.Power(0)).ResourceID()
}
