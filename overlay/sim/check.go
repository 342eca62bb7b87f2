package sim

import (
	"fmt"
	"slices"

	"tandem/overlay/chord"
	"tandem/overlay/wire"
)

// Check holds a quiet overlay to its invariants and returns what is wrong, nothing if all is well: every live peer is in the
// ring, knows its true neighbors, and so each Resource-ID has exactly one responsible peer.
func (w *World) Check() (wrong []string) {
	peers := w.Peers()
	slices.SortFunc(peers, func(a, b *Node) int { return a.ID.Compare(b.ID) })
	var ids []wire.NodeID
	for _, p := range peers {
		ids = append(ids, p.ID)
	}
	for _, p := range peers {
		truth := chord.New(p.ID)
		for _, id := range ids {
			truth.Add(id)
		}
		s := p.Core.State()
		if !slices.Equal(s.Successors, truth.Successors()) {
			wrong = append(wrong, fmt.Sprintf("%v has successors %v, not %v", p.ID, s.Successors, truth.Successors()))
		}
		if !slices.Equal(s.Predecessors, truth.Predecessors()) {
			wrong = append(wrong, fmt.Sprintf("%v has predecessors %v, not %v", p.ID, s.Predecessors, truth.Predecessors()))
		}
	}
	return wrong
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
