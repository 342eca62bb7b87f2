package peer

import (
	"slices"
	"time"

	"tandem/overlay/chord"
	"tandem/overlay/wire"
)

// sweepInterval is how often memory of the past is tidied up.
const sweepInterval = time.Minute

// startMaintenance sets the timers that never end (10.7.4).
func (c *Core) startMaintenance(now time.Time) {
	c.after(now, c.jitter(sweepInterval), c.sweep)
	c.after(now, c.jitter(c.set.UpdateInterval), c.stabilize)
	c.after(now, c.jitter(c.set.PingInterval), c.refreshFingers)
}

// sweep drops expired values and what else has had its time.
func (c *Core) sweep(now time.Time) {
	c.after(now, sweepInterval, c.sweep)
	c.data.Expire(now)
	for n, until := range c.failed {
		if !now.Before(until) {
			delete(c.failed, n)
		}
	}
	for n, at := range c.configTold {
		if now.Sub(at) > answerLifetime {
			delete(c.configTold, n)
		}
	}
}

// stabilize sends Updates to all neighbors, looks whether the ring has come apart, and forgets replicas that are not ours to
// keep any more (10.7.4.1, 10.7.4.4, 10.7.3).
func (c *Core) stabilize(now time.Time) {
	c.after(now, c.around(c.set.UpdateInterval), c.stabilize)
	if c.phase != Joined || c.leaving != nil {
		return
	}
	for _, n := range c.top.Neighbors() {
		c.sendUpdate(now, c.conns.byNode[n], wire.UpdateNeighbors)
	}
	c.review(now)
	c.purge()
	if c.top.Len() > 2*chord.NeighborCount && c.rng.IntN(2) == 0 {
		return // in a larger overlay, one peer that finds the other part is enough for all
	}
	if b := c.bootstrapPeer(); b != nil {
		c.checkPartition(now, b)
		return
	}
	c.seekBootstrap(now)
}

// bootstrapPeer is a connected bootstrap node that is not a neighbor, so can be of another part of the ring.
func (c *Core) bootstrapPeer() *connection {
	neighbors := c.top.Neighbors()
	for _, n := range c.conns.order {
		if cn := c.conns.byNode[n]; cn.bootstrap && !slices.Contains(neighbors, n) {
			return cn
		}
	}
	return nil
}

// startFingers attaches to a peer for every finger that can be anybody but a neighbor (10.5: n + 2^(128-i)).
func (c *Core) startFingers(now time.Time) {
	for _, i := range c.top.InvalidFingers() {
		dest := wire.ToResource(c.top.FingerStart(i).ResourceID())
		c.seek(now, []wire.Destination{dest}, func(time.Time, wire.NodeID, bool) {})
	}
}

// refreshFingers looks for peers for fingers that have none, the far ones more often (10.7.4.2).
func (c *Core) refreshFingers(now time.Time) {
	c.after(now, c.jitter(c.set.PingInterval), c.refreshFingers)
	c.seekFingers(now)
}

// seekFingers pings a random point of each invalid finger's range with probability one half, and attaches to who is there.
func (c *Core) seekFingers(now time.Time) {
	if c.phase != Joined || c.leaving != nil {
		return
	}
	for _, i := range c.top.InvalidFingers() {
		if c.rng.IntN(2) == 0 {
			continue
		}
		point := c.top.FingerPoint(i, chord.RandomID(c.rng.Uint64(), c.rng.Uint64()))
		dest := []wire.Destination{wire.ToResource(point.ResourceID())}
		c.Do(now, Request{Dest: dest, Body: &wire.PingReq{}}, func(now time.Time, r Response, err error) {
			if n := r.From.NodeID; err == nil && n != c.self && c.top.FingerOf(n) == i && c.phase == Joined {
				c.attach(now, []wire.Destination{wire.ToNode(n)}, true, nil)
			}
		})
	}
}
