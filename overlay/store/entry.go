package store

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"tandem/overlay/wire"
)

// A Value is a stored value with who signed it and how long it stays.
type Value struct {
	Data    wire.StoredData // Lifetime as it came with the StoreReq
	Signer  Signer
	Expires time.Time
}

// left is the value as it is passed on at now: its lifetime less the time it was held here (7.4.1.1).
func (v *Value) left(now time.Time) wire.StoredData {
	d := v.Data
	d.Lifetime = max(0, v.Expires.Sub(now).Truncate(time.Second))
	return d
}

// same reports whether d is the value byte for byte: what a retransmission or a refreshed replica brings.
func (v *Value) same(d *wire.StoredData) bool {
	return v.Data.StorageTime == d.StorageTime && v.Data.Value.Exists == d.Value.Exists &&
		bytes.Equal(v.Data.Value.Data, d.Value.Data)
}

// An entry is the values of one Kind at one resource, in the order of their places.
type entry struct {
	generation uint64
	values     []Value
}

// comparePlace orders the places of values: by index in an array, by key in a dictionary. A single value has but one.
func comparePlace(a, b *wire.StoredValue) int {
	return cmp.Or(cmp.Compare(a.Index, b.Index), cmp.Compare(a.Key, b.Key))
}

func (e *entry) find(v *wire.StoredValue) (int, bool) {
	return slices.BinarySearchFunc(e.values, v, func(x Value, v *wire.StoredValue) int {
		return comparePlace(&x.Data.Value, v)
	})
}

// at is the value that lives at v's place at now, nil if there is none.
func (e *entry) at(v *wire.StoredValue, now time.Time) *Value {
	if i, ok := e.find(v); ok && e.values[i].Expires.After(now) {
		return &e.values[i]
	}
	return nil
}

// put sets the value at its place and reports whether the place is new.
func (e *entry) put(v Value) (added bool) {
	i, found := e.find(&v.Data.Value)
	if found {
		e.values[i] = v
		return false
	}
	e.values = slices.Insert(e.values, i, v)
	return true
}

// nextIndex is the index at which an append to an array lands.
func (e *entry) nextIndex() uint32 {
	if len(e.values) == 0 {
		return 0
	}
	return e.values[len(e.values)-1].Data.Value.Index + 1
}

// expire drops what has expired at now and returns how many values that were.
func (e *entry) expire(now time.Time) int {
	n := len(e.values)
	e.values = slices.DeleteFunc(e.values, func(v Value) bool { return !v.Expires.After(now) })
	return n - len(e.values)
}

func (e *entry) clone() *entry {
	return &entry{generation: e.generation, values: slices.Clone(e.values)}
}
