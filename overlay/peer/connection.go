package peer

import (
	"slices"
	"time"

	"tandem/overlay/wire"
)

// A connection is a node of the Connection Table. Now and then there are two links to it, when both sides connected at
// once; the newest one is used.
type connection struct {
	node      wire.NodeID
	links     []LinkID
	bootstrap bool
	names     []wire.NodeID   // it has not said yet which of these it is; nil: it is node
	left      bool            // said Leave
	askAgain  time.Time       // not asked for an Update before then
	told      *wire.UpdateReq // the last Update sent to it
}

func (cn *connection) link() LinkID { return cn.links[len(cn.links)-1] }

// connections is the Connection Table.
type connections struct {
	byNode map[wire.NodeID]*connection
	byLink map[LinkID]*connection
	order  []wire.NodeID // the keys of byNode, sorted

	unnamed []*connection // only in byLink
}

func newConnections() connections {
	return connections{byNode: map[wire.NodeID]*connection{}, byLink: map[LinkID]*connection{}}
}

func (t *connections) add(l Link) (cn *connection, fresh bool) {
	cn, ok := t.byNode[l.Node]
	if !ok {
		cn = &connection{node: l.Node}
		t.byNode[l.Node] = cn
		i, _ := slices.BinarySearchFunc(t.order, l.Node, wire.NodeID.Compare)
		t.order = slices.Insert(t.order, i, l.Node)
	}
	cn.links = append(cn.links, l.ID)
	cn.bootstrap = cn.bootstrap || l.Bootstrap
	t.byLink[l.ID] = cn
	return cn, !ok
}

// remove takes a link out. gone says that it was the last one to its node.
func (t *connections) remove(id LinkID) (cn *connection, gone bool) {
	cn, ok := t.byLink[id]
	if !ok {
		return nil, false
	}
	if cn.names != nil {
		t.removeUnnamed(id, cn)
		return cn, false
	}
	delete(t.byLink, id)
	cn.links = slices.DeleteFunc(cn.links, func(l LinkID) bool { return l == id })
	if len(cn.links) > 0 {
		return cn, false
	}
	delete(t.byNode, cn.node)
	i, _ := slices.BinarySearchFunc(t.order, cn.node, wire.NodeID.Compare)
	t.order = slices.Delete(t.order, i, i+1)
	return cn, true
}

// LinkUp tells of a new link.
func (c *Core) LinkUp(now time.Time, l Link) {
	if len(l.NodeIDs) > 1 {
		l.Node = c.nameOf(l)
	}
	if l.Node == c.self || c.phase == Left || len(c.conns.byLink) >= c.cfg.MaxLinks {
		c.emit(&Close{Link: l.ID, Reason: "not wanted"})
		if l.Bootstrap {
			c.BootstrapFailed(now)
		}
		return
	}
	if l.Node.IsZero() {
		c.linkUnnamed(now, l)
		return
	}
	cn, _ := c.conns.add(l)
	delete(c.failed, l.Node)
	if (c.dialing[l.Node] || l.Bootstrap) && len(cn.links) > 1 {
		c.after(now, spareLinkTime, func(now time.Time) { c.closeOld(now, l.Node) })
	}
	if c.phase == Joined { // so that the other can route through us (ATT-8), and sees what we see
		kind := wire.UpdateNeighbors
		if c.owed[l.Node] {
			kind = wire.UpdateFull
		}
		c.sendUpdate(now, cn, kind)
	}
	delete(c.owed, l.Node)
	delete(c.dialing, l.Node)
	c.attachedTo(now, l.Node)
	if l.Bootstrap {
		c.bootstrapped(now, cn)
	}
	c.onConnected(now)
	c.resendUnsent(now)
}

// LinkDown tells that a link is gone, or so silent that it is as good as gone.
func (c *Core) LinkDown(now time.Time, id LinkID) {
	cn, gone := c.conns.remove(id)
	if cn == nil {
		return
	}
	if gone {
		c.lost(now, cn.node)
	}
	c.reroute(now, id)
}

// spareLinkTime is how long an older link is kept beside a newer one, for what is under way on it.
const spareLinkTime = 5 * time.Second

// closeOld closes all links to a node but the newest: the other side asked for that one, so may have lost the others.
func (c *Core) closeOld(now time.Time, n wire.NodeID) {
	for cn := c.conns.byNode[n]; cn != nil && len(cn.links) > 1; {
		id := cn.links[0]
		c.emit(&Close{Link: id, Reason: "replaced by a newer link"})
		c.LinkDown(now, id)
	}
}

// lost does what follows when the last link to a node is gone.
func (c *Core) lost(now time.Time, n wire.NodeID) {
	c.dropPeer(now, n, false)
	c.abortAdmission(now, n)
	c.onDisconnected(now, n)
	c.review(now)
}

// hangUp gives up on a node that does not answer any more.
func (c *Core) hangUp(now time.Time, n wire.NodeID, reason string) {
	cn := c.conns.byNode[n]
	if cn == nil {
		return
	}
	for _, id := range slices.Clone(cn.links) {
		c.emit(&Close{Link: id, Reason: reason})
		c.LinkDown(now, id)
	}
}

// connected reports whether there is a link to a node.
func (c *Core) connected(n wire.NodeID) bool { return c.conns.byNode[n] != nil }
