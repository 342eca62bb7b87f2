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

// BootstrapFailed tells that no connection came of a Bootstrap. While there is no link at all, it is tried again with
// growing pauses.
func (c *Core) BootstrapFailed(now time.Time) {
	c.boot.asked = false
	if c.boot.timer != nil {
		return
	}
	c.boot.pause = min(max(2*c.boot.pause, bootstrapPauseMin), bootstrapPauseMax)
	c.boot.timer = c.after(now, c.jitter(c.boot.pause), func(now time.Time) {
		c.boot.timer = nil
		if len(c.conns.order) == 0 || c.phase == Bootstrapping {
			c.seekBootstrap(now)
		}
	})
}

// bootstrapped goes on with a link to a bootstrap node.
func (c *Core) bootstrapped(now time.Time, cn *connection) {
	c.boot.asked, c.boot.pause = false, 0
	if c.phase == Joined {
		c.checkPartition(now, cn)
	}
}

// onConnected goes on after any new link.
func (c *Core) onConnected(now time.Time) {
	switch {
	case c.cfg.Client:
		c.chooseHome(now)
	case c.phase == Bootstrapping && len(c.waysIn()) > 0:
		c.startJoin(now)
	}
}

// onDisconnected goes on after the last link to a node is gone.
func (c *Core) onDisconnected(now time.Time, n wire.NodeID) {
	if c.cfg.Client {
		if n == c.home {
			c.home = wire.NodeID{}
		}
		c.chooseHome(now)
		return
	}
	c.joinLost(now, n)
	if len(c.conns.order) == 0 {
		c.seekBootstrap(now)
	}
}

// checkPartition asks a bootstrap peer who follows us on the ring. If it is somebody we have no link to, the overlay has
// come apart, or never was one: a link to it lets both sides find their neighbors (10.7.4.4). Asking for our own
// Node-ID, as the RFC has it, would be dropped, so it is the resource behind it.
func (c *Core) checkPartition(now time.Time, b *connection) {
	through := wire.ToNode(b.node)
	dest := []wire.Destination{through, wire.ToResource(c.nextResource())}
	c.Do(now, Request{Dest: dest, Body: &wire.PingReq{}}, func(now time.Time, r Response, err error) {
		c.closeSpare(now, b.node)
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

// closeSpare closes the newest of several links to a node.
func (c *Core) closeSpare(now time.Time, n wire.NodeID) {
	if cn := c.conns.byNode[n]; cn != nil && len(cn.links) > 1 {
		id := cn.link()
		c.emit(&Close{Link: id, Reason: "one link is enough"})
		c.LinkDown(now, id)
	}
}
