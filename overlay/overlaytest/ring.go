package overlaytest

import (
	"fmt"
	"slices"

	"tandem/overlay"
)

// WaitRing waits until every peer's first successor and predecessor are the right ones among peers.
func (w *Network) WaitRing(peers ...*overlay.Node) {
	w.t.Helper()
	w.Until(func() string { return w.ringFault(peers) })
}

func (w *Network) ringFault(peers []*overlay.Node) string {
	w.t.Helper()
	sorted := slices.Clone(peers)
	slices.SortFunc(sorted, func(a, b *overlay.Node) int { return a.NodeID().Compare(b.NodeID()) })
	if len(sorted) < 2 {
		return ""
	}
	for i, n := range sorted {
		s := w.Status(n)
		after := sorted[(i+1)%len(sorted)].NodeID().String()
		before := sorted[(i+len(sorted)-1)%len(sorted)].NodeID().String()
		if len(s.Successors) == 0 || s.Successors[0] != after || len(s.Predecessors) == 0 || s.Predecessors[0] != before {
			return fmt.Sprintf("%s (%s) stands between %v and %v, want %s and %s",
				s.NodeID, s.Phase, s.Predecessors, s.Successors, before, after)
		}
	}
	return ""
}
