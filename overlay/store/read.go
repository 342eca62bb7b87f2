package store

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"time"

	"tandem/overlay/wire"
)

// Fetch answers a FetchReq, with the values in it, whose signers' certificates must go along
// (SIG-7). Errors are wire.ErrorCode or *wire.ErrorResponse.
func (s *Store) Fetch(now time.Time, req *wire.FetchReq) (*wire.FetchAns, []Value, error) {
	found, err := s.lookup(now, req)
	if err != nil {
		return nil, nil, err
	}
	ans := &wire.FetchAns{}
	var values []Value
	for _, f := range found {
		k := wire.FetchKindResponse{Kind: f.kind, Generation: f.generation}
		for _, v := range f.values {
			k.Values = append(k.Values, v.left(now))
			values = append(values, *v)
		}
		ans.Kinds = append(ans.Kinds, k)
	}
	return ans, values, nil
}

// Stat answers a StatReq.
func (s *Store) Stat(now time.Time, req *wire.StatReq) (*wire.StatAns, error) {
	found, err := s.lookup(now, (*wire.FetchReq)(req))
	if err != nil {
		return nil, err
	}
	ans := &wire.StatAns{}
	for _, f := range found {
		k := wire.StatKindResponse{Kind: f.kind, Generation: f.generation}
		for _, v := range f.values {
			k.Values = append(k.Values, v.meta(now))
		}
		ans.Kinds = append(ans.Kinds, k)
	}
	return ans, nil
}

// Find returns the first resource at or after from, going around the ring, that has values of a Kind and for which allowed is
// true (7.4.4).
func (s *Store) Find(now time.Time, from wire.ResourceID, kind wire.KindID, allowed func(wire.ResourceID) bool) (wire.ResourceID, bool) {
	start, _ := slices.BinarySearchFunc(s.order, from, wire.ResourceID.Compare)
	for i := range s.order {
		id := s.order[(start+i)%len(s.order)]
		if e := s.entry(id, kind); e != nil && allowed(id) && slices.ContainsFunc(e.values, func(v Value) bool { return v.Expires.After(now) }) {
			return id, true
		}
	}
	return wire.ResourceID{}, false
}

// found is what a specifier selects.
type found struct {
	kind       wire.KindID
	generation uint64
	values     []*Value
}

func (s *Store) lookup(now time.Time, req *wire.FetchReq) ([]found, error) {
	var unknown []wire.KindID
	for _, sp := range req.Specifiers {
		if _, ok := s.kinds[sp.Kind]; !ok {
			unknown = append(unknown, sp.Kind)
		}
	}
	if err := unknownKinds(unknown); err != nil {
		return nil, err
	}
	var all []found
	for i := range req.Specifiers {
		f, err := s.selectValues(now, req.Resource, &req.Specifiers[i])
		if err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	return all, nil
}

func (s *Store) selectValues(now time.Time, at wire.ResourceID, sp *wire.Specifier) (found, error) {
	e := &entry{}
	if kept := s.entry(at, sp.Kind); kept != nil {
		e = kept.clone()
		e.expire(now)
	}
	f := found{kind: sp.Kind, generation: e.generation}
	if sp.Generation != 0 && sp.Generation == e.generation {
		return f, nil // the requester has them (7.4.2.2)
	}
	var err error
	switch kind := s.kinds[sp.Kind]; kind.Model {
	case wire.ModelArray:
		f.values, err = e.ranges(sp.Ranges, kind.MaxCount)
	case wire.ModelDictionary:
		f.values = e.keys(sp.Keys)
	default:
		f.values = e.keys([]wire.DictionaryKey{""})
		f.values[0].Data.Value.Model = wire.ModelSingle
	}
	return f, err
}

// keys are the values of a dictionary at the given keys, synthesized where there is none; without keys, all.
func (e *entry) keys(keys []wire.DictionaryKey) []*Value {
	var values []*Value
	if len(keys) == 0 {
		for i := range e.values {
			values = append(values, &e.values[i])
		}
	}
	for _, key := range keys {
		values = append(values, e.valueOr(wire.StoredValue{Model: wire.ModelDictionary, Key: key}))
	}
	return values
}

// ranges are the entries of an array in the given ranges, the gaps between them synthesized. What lies behind the end of the
// array is synthesized only as far as values of the Kind may lie.
func (e *entry) ranges(ranges []wire.ArrayRange, maxCount int) ([]*Value, error) {
	sorted := slices.SortedFunc(slices.Values(ranges), func(a, b wire.ArrayRange) int { return cmp.Compare(a.First, b.First) })
	for i, r := range sorted {
		if r.First > r.Last || i > 0 && r.First <= sorted[i-1].Last {
			return nil, refuse(wire.ErrorInvalidMessage, "array ranges that overlap or are upside down")
		}
	}
	var values []*Value
	for _, r := range ranges {
		first, last := e.bounds(r, maxCount)
		for i := first; i < last; i++ {
			values = append(values, e.valueOr(wire.StoredValue{Model: wire.ModelArray, Index: uint32(i)}))
		}
	}
	return values, nil
}

// bounds is a range as [first, last), where ffffffff stands for the last entry there is.
func (e *entry) bounds(r wire.ArrayRange, maxCount int) (first, last uint64) {
	end := uint64(e.nextIndex())
	first, last = uint64(r.First), min(uint64(r.Last)+1, uint64(maxCount))
	if r.First == wire.AppendIndex {
		first = max(end, 1) - 1
	}
	if r.Last == wire.AppendIndex {
		last = end
	}
	return first, last
}

func (e *entry) valueOr(place wire.StoredValue) *Value {
	if i, ok := e.find(&place); ok {
		return &e.values[i]
	}
	return &Value{Data: wire.StoredData{Value: place, Signature: wire.NoSignature()}}
}

// meta is what a StatAns tells of a value. The digest is over the value with its four bytes of length (7.4.3.2).
func (v *Value) meta(now time.Time) wire.StoredMetaData {
	d := v.left(now)
	h := sha256.New()
	h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(d.Value.Data))))
	h.Write(d.Value.Data)
	return wire.StoredMetaData{
		StorageTime: d.StorageTime, Lifetime: d.Lifetime, Model: d.Value.Model, Index: d.Value.Index, Key: d.Value.Key,
		Exists: d.Value.Exists, Length: uint32(len(d.Value.Data)), Hash: wire.HashSHA256, Digest: h.Sum(nil),
	}
}
