package peer

import (
	"slices"
	"time"

	"tandem/overlay/wire"
)

// A node whose certificate has several Node-IDs has to say by an Attach which of them it goes by on a link (6.1.2). Until
// then the link is no way to any node: it takes answers to the node's own Pings and Attaches, and no other request.

// nameOf is the Node-ID that an Attach of ours has asked for among those of a link; zero if it has asked for none.
func (c *Core) nameOf(l Link) wire.NodeID {
	for _, n := range l.NodeIDs {
		if c.attaching[n] != nil {
			return n
		}
	}
	return wire.NodeID{}
}

// linkUnnamed takes a link to a node that has yet to say which one it is, and closes it if that does not come.
func (c *Core) linkUnnamed(now time.Time, l Link) {
	c.conns.addUnnamed(l)
	c.after(now, c.lifetime(), func(time.Time) {
		if cn := c.conns.byLink[l.ID]; cn != nil && cn.names != nil {
			c.conns.remove(l.ID)
			c.emit(&Close{Link: l.ID, Reason: "certificate with several Node-IDs, and no Attach"})
		}
	})
}

func (t *connections) addUnnamed(l Link) {
	cn := &connection{node: l.NodeIDs[0], links: []LinkID{l.ID}, names: slices.Clone(l.NodeIDs)}
	t.byLink[l.ID] = cn
	t.unnamed = append(t.unnamed, cn)
}

func (t *connections) removeUnnamed(id LinkID, cn *connection) {
	delete(t.byLink, id)
	t.unnamed = slices.DeleteFunc(t.unnamed, func(o *connection) bool { return o == cn })
}

// unnamedWith is the newest link to a node that may be n, nil if there is none: for answers on their way back.
func (t *connections) unnamedWith(n wire.NodeID) *connection {
	for _, cn := range slices.Backward(t.unnamed) {
		if slices.Contains(cn.names, n) {
			return cn
		}
	}
	return nil
}

// beforeAttach are the requests of a node that has not said which one it is.
func beforeAttach(code wire.MessageCode) bool {
	return code == wire.CodePingReq || code == wire.CodeAttachReq
}

// maySend looks at a message from a node that has not said which one it is, and refuses what it may not send. Of a later
// fragment nobody can tell: it is put together here, but not passed on.
func (c *Core) maySend(now time.Time, cn *connection, m *wire.Message) bool {
	switch code := m.Code(); {
	case beforeAttach(code):
		return true
	case m.Header.Fragment.Offset > 0:
		return c.forSelf(m.Header.Destinations[len(m.Header.Destinations)-1])
	}
	c.bounce(now, cn, m, wire.ErrorForbidden, noAttach)
	return false
}

const noAttach = "a node with several Node-IDs has to Attach first"

// callFrom is the call by a node that has not said which one it is; an Attach says so. Nil: it is none of its Node-IDs.
func (c *Core) callFrom(now time.Time, cn *connection, v *Verify, n wire.NodeID) *call {
	if len(v.Message.Header.Via) > 0 || !slices.Contains(cn.names, n) {
		c.drop(v.Message, "not signed by the node at the other end of the link")
		return nil
	}
	cn.node = n // as long as it says nothing else
	if v.in.contents.Code == wire.CodeAttachReq && v.in.err == nil {
		c.conns.removeUnnamed(v.Link, cn)
		c.LinkUp(now, Link{ID: v.Link, Node: n})
		if cn = c.conns.byLink[v.Link]; cn == nil {
			return nil // not wanted
		}
	}
	k := newCall(cn, v.Message)
	k.unnamed, k.direct = cn.names != nil, true
	return k
}
