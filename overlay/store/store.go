package store

import (
	"maps"
	"slices"
	"time"

	"tandem/overlay/wire"
)

// A Store is the values one peer keeps. It is not safe for concurrent use.
type Store struct {
	kinds     Kinds
	max       int // values
	count     int
	resources map[wire.ResourceID]resource
	order     []wire.ResourceID // the keys of resources, sorted
}

// resource is what is kept at one Resource-ID, by Kind.
type resource map[wire.KindID]*entry

// New returns an empty store for at most max values.
func New(kinds Kinds, max int) *Store {
	return &Store{kinds: kinds, max: max, resources: map[wire.ResourceID]resource{}}
}

// Len is the number of values kept.
func (s *Store) Len() int { return s.count }

// Resources is the number of Resource-IDs with values.
func (s *Store) Resources() int { return len(s.order) }

// Kinds are the Kinds known.
func (s *Store) Kinds() Kinds { return s.kinds }

// SetKinds replaces the known Kinds. Values of Kinds that are not known any more are discarded; changed limits hold for
// what is stored from now on.
func (s *Store) SetKinds(kinds Kinds) {
	s.kinds = kinds
	for _, id := range slices.Clone(s.order) {
		for kind, e := range s.resources[id] {
			if _, known := kinds[kind]; !known {
				s.count -= len(e.values)
				delete(s.resources[id], kind)
			}
		}
		s.dropIfEmpty(id)
	}
}

// Select returns the Resource-IDs with values for which keep is true, in ascending order.
func (s *Store) Select(keep func(wire.ResourceID) bool) []wire.ResourceID {
	var ids []wire.ResourceID
	for _, id := range s.order {
		if keep(id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// Delete forgets everything at a resource.
func (s *Store) Delete(id wire.ResourceID) {
	for _, e := range s.resources[id] {
		s.count -= len(e.values)
	}
	delete(s.resources, id)
	s.dropIfEmpty(id)
}

// Expire drops the values whose lifetime has passed. Such values are never shown; calling it now and then frees their memory.
func (s *Store) Expire(now time.Time) {
	for _, id := range slices.Clone(s.order) {
		for kind, e := range s.resources[id] {
			s.count -= e.expire(now)
			if len(e.values) == 0 {
				delete(s.resources[id], kind)
			}
		}
		s.dropIfEmpty(id)
	}
}

// A Copy is the values of one Kind at one resource, to be passed on to another peer.
type Copy struct {
	Kind       wire.KindID
	Generation uint64
	Values     []Value // Data.Lifetime is what is left
}

// Copies returns what is kept at a resource with the lifetimes that are left at now, by Kind in ascending order.
func (s *Store) Copies(now time.Time, id wire.ResourceID) []Copy {
	var copies []Copy
	for _, kind := range slices.Sorted(maps.Keys(s.resources[id])) {
		e := s.resources[id][kind]
		c := Copy{Kind: kind, Generation: e.generation}
		for _, v := range e.values {
			if data := v.left(now); data.Lifetime > 0 {
				c.Values = append(c.Values, Value{Data: data, Signer: v.Signer, Expires: v.Expires})
			}
		}
		if len(c.Values) > 0 {
			copies = append(copies, c)
		}
	}
	return copies
}

// entry returns the values of a Kind at a resource, nil if there are none.
func (s *Store) entry(id wire.ResourceID, kind wire.KindID) *entry { return s.resources[id][kind] }

// set makes e the values of a Kind at a resource.
func (s *Store) set(id wire.ResourceID, kind wire.KindID, e *entry) {
	r, ok := s.resources[id]
	if !ok {
		r = resource{}
		s.resources[id] = r
		i, _ := slices.BinarySearchFunc(s.order, id, wire.ResourceID.Compare)
		s.order = slices.Insert(s.order, i, id)
	}
	if old := r[kind]; old != nil {
		s.count -= len(old.values)
	}
	r[kind] = e
	s.count += len(e.values)
}

func (s *Store) dropIfEmpty(id wire.ResourceID) {
	if len(s.resources[id]) > 0 {
		return
	}
	delete(s.resources, id)
	if i, found := slices.BinarySearchFunc(s.order, id, wire.ResourceID.Compare); found {
		s.order = slices.Delete(s.order, i, i+1)
	}
}
