package store

import (
	"time"

	"tandem/overlay/wire"
)

// Merge takes over those verified values of a Kind at a resource that are newer than what is kept, as after a partition has
// healed (7.4.1.1: as if all had been stored in the order of their storage times), and reports whether anything changed.
// Values that the policy or a limit does not allow are left out.
func (s *Store) Merge(now time.Time, at wire.ResourceID, c Copy) bool {
	kind, known := s.kinds[c.Kind]
	if !known {
		return false
	}
	e := &entry{}
	if old := s.entry(at, c.Kind); old != nil {
		e = old.clone()
	}
	changed, before := false, len(e.values)
	for _, v := range c.Values {
		if len(e.values) >= kind.MaxCount || s.count+len(e.values)-before >= s.max {
			if _, found := e.find(&v.Data.Value); !found {
				continue
			}
		}
		d := v.Data.Clone()
		if ok, err := kind.plan(now, e, &d, at, v.Signer); err == nil && ok {
			changed = true
		}
	}
	if !changed {
		return false
	}
	e.generation = max(e.generation, c.Generation) + 1
	s.set(at, c.Kind, e)
	return true
}
