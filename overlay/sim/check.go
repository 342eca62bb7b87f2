package sim

import (
	"fmt"
	"slices"

	"tandem/overlay/chord"
	"tandem/overlay/peer"
	"tandem/overlay/wire"
)

// Check holds a quiet overlay to its invariants and returns what is wrong, nothing if all is well: every live peer is in the
// ring, knows its true neighbors, and so each Resource-ID has exactly one responsible peer.
func (w *World) Check() (wrong []string) {
	for i, p := range w.ring {
		succs, preds := w.truth(i)
		s := p.Core.State()
		if !slices.Equal(s.Successors, succs) {
			wrong = append(wrong, fmt.Sprintf("%v has successors %v, not %v", p.ID, s.Successors, succs))
		}
		if !slices.Equal(s.Predecessors, preds) {
			wrong = append(wrong, fmt.Sprintf("%v has predecessors %v, not %v", p.ID, s.Predecessors, preds))
		}
	}
	return wrong
}

// truth is whom the i-th peer of the ring should know as its successors and predecessors.
func (w *World) truth(i int) (succs, preds []wire.NodeID) {
	n := len(w.ring)
	for d := 1; d <= min(chord.NeighborCount, n-1); d++ {
		succs = append(succs, w.ring[(i+d)%n].ID)
		preds = append(preds, w.ring[(i-d+n)%n].ID)
	}
	return succs, preds
}

// Owner is the peer that is truly responsible for a resource: the first at or behind it. Nil: there is no peer.
func (w *World) Owner(r wire.ResourceID) *Node {
	if len(w.ring) == 0 {
		return nil
	}
	i, _ := w.place(wire.NodeID(r))
	return w.ring[i%len(w.ring)]
}

// Holders are the peers that truly have to keep a resource: the responsible one, then its replicas.
func (w *World) Holders(r wire.ResourceID) (holders []*Node) {
	i, _ := w.place(wire.NodeID(r))
	for d := range min(1+chord.ReplicaCount, len(w.ring)) {
		holders = append(holders, w.ring[(i+d)%len(w.ring)])
	}
	return holders
}

func (w *World) place(id wire.NodeID) (int, bool) {
	return slices.BinarySearchFunc(w.ring, id, func(n *Node, id wire.NodeID) int { return n.ID.Compare(id) })
}

// note keeps the world's list of the ring true.
func (n *Node) note() {
	in := n.Alive && !n.leaving && n.Core != nil && n.Core.Phase() == peer.Joined
	if in == n.inRing {
		return
	}
	n.inRing = in
	i, _ := n.w.place(n.ID)
	if in {
		n.w.ring = slices.Insert(n.w.ring, i, n)
		return
	}
	n.w.ring = slices.Delete(n.w.ring, i, i+1)
}

// Responsible are the live peers that count themselves responsible for a resource.
func (w *World) Responsible(r wire.ResourceID) (nodes []*Node) {
	for _, p := range w.Peers() {
		if p.Core.Responsible(r) {
			nodes = append(nodes, p)
		}
	}
	return nodes
}
