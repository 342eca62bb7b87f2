package peer

import (
	"time"

	"tandem/overlay/wire"
)

// chooseHome settles which peer a client is reached through: the one responsible for its Node-ID once it has a link to
// that, until then any (3.2.1).
func (c *Core) chooseHome(now time.Time) {
	ways := c.waysIn()
	if len(ways) == 0 {
		c.home = wire.NodeID{}
		if c.phase == Attached {
			c.enter(Bootstrapping)
		}
		if len(c.conns.order) == 0 {
			c.seekBootstrap(now)
		}
		return
	}
	if c.home != ways[0].node {
		c.setHome(ways[0].node)
	}
	c.enter(Attached)
	c.seekHome(now)
}

func (c *Core) setHome(n wire.NodeID) {
	c.home = n
	c.emit(&Changed{})
}

// seekHome attaches to the peer responsible for the own Node-ID. With that and the bootstrap peer there are two ways into
// the overlay, so the loss of one is no interruption.
func (c *Core) seekHome(now time.Time) {
	if c.homing || len(c.waysIn()) != 1 {
		return
	}
	c.homing = true
	dest := []wire.Destination{wire.ToResource(wire.ResourceID(c.self))}
	c.seek(now, dest, func(now time.Time, n wire.NodeID, ok bool) {
		if ok && n != c.home && c.connected(n) && c.phase == Attached {
			c.setHome(n)
		}
		c.after(now, c.jitter(10*time.Second), func(now time.Time) { // a lone peer is asked again, as others may come
			c.homing = false
			if c.phase == Attached {
				c.seekHome(now)
			}
		})
	})
}
