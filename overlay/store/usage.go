package store

import (
	"cmp"
	"slices"

	"tandem/overlay/wire"
)

// Usage is how many values of each Kind are kept, by Kind-ID, and how many bytes of content they have in all.
func (s *Store) Usage() (counts []wire.DiagnosticCount, bytes uint64) {
	byKind := map[wire.KindID]uint64{}
	for _, r := range s.resources {
		for kind, e := range r {
			byKind[kind] += uint64(len(e.values))
			for i := range e.values {
				bytes += uint64(len(e.values[i].Data.Value.Data))
			}
		}
	}
	for kind, n := range byKind {
		counts = append(counts, wire.DiagnosticCount{Kind: kind, Number: n})
	}
	slices.SortFunc(counts, func(a, b wire.DiagnosticCount) int { return cmp.Compare(a.Kind, b.Kind) })
	return counts, bytes
}
