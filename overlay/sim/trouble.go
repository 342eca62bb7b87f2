package sim

import (
	"math"
	"time"
)

// What goes wrong in the world besides the loss of messages: machines that vanish, networks that come apart, and churn.

const (
	silence   = 3 * time.Second  // a message unanswered for so long ends a link
	keepAlive = 25 * time.Second // a link that nobody uses ends after this when nothing comes through any more
)

// reaches reports whether messages from n can get to another node.
func (n *Node) reaches(other *Node) bool { return other.Alive && n.side == other.side }

// giveUp ends a link in a while if nothing gets through until then.
func (n *Node) giveUp(l *link, after time.Duration) {
	if l.silent {
		return
	}
	l.silent = true
	n.w.After(after, func() {
		l.silent = false
		if n.Alive && n.links[l.id] == l && (!n.reaches(l.other) || l.other.links[l.otherID] == nil) {
			delete(n.links, l.id)
			n.Core.LinkDown(n.clock(), l.id)
			n.flush()
		}
	})
}

// Vanish ends the node as a power failure does: its links say nothing, and others find out when they try to use them.
func (n *Node) Vanish() {
	if !n.Alive {
		return
	}
	n.end()
	for _, l := range n.sortedLinks() {
		n.w.After(keepAlive, func() {
			if back := l.other.links[l.otherID]; back != nil {
				l.other.giveUp(back, 0)
			}
		})
	}
}

// Split divides the network: messages get through only between nodes that side gives the same number. Nodes that are added
// later are on side 0.
func (w *World) Split(side func(*Node) int) {
	for _, n := range w.live {
		n.side = side(n)
	}
	w.After(keepAlive, func() {
		for _, n := range w.Live() {
			for _, l := range n.sortedLinks() {
				if !n.reaches(l.other) {
					n.giveUp(l, 0)
				}
			}
		}
	})
}

// Heal ends a split.
func (w *World) Heal() { w.Split(func(*Node) int { return 0 }) }

// Churn gives every peer, and those that take the place of others, a session of exponentially distributed length with the given
// median. A third of the sessions ends by a polite Leave, a third by the process being killed, a third by the machine vanishing. A new
// peer starts at that moment. Call the function that is returned to end it.
func (w *World) Churn(median time.Duration) (stop func()) {
	over := false
	var live func(n *Node)
	live = func(n *Node) {
		session := time.Duration(w.rng.ExpFloat64() * float64(median) / math.Ln2)
		w.After(session, func() {
			if over || !n.Alive {
				return
			}
			switch w.rng.IntN(3) {
			case 0:
				n.Leave()
			case 1:
				n.Kill()
			default:
				n.Vanish()
			}
			live(w.Add(nil))
		})
	}
	for _, n := range w.Live() {
		live(n)
	}
	return func() { over = true }
}
