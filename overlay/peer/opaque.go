package peer

import (
	"encoding/binary"
	"slices"
	"time"

	"tandem/overlay/wire"
)

// Opaque IDs are of two bytes (6.3.2.2): a set bit, 12 bits that are a place in the table, 3 bits that tell its uses apart.
const (
	opaqueSlots      = 1 << 12
	opaqueGeneration = 0x7
)

// viaTable holds the via lists for which this peer has put an opaque ID.
type viaTable struct {
	slots []viaSlot // made when first needed
	next  int
}

type viaSlot struct {
	way        []wire.Destination // the way back
	until      time.Time
	generation uint16
}

// compress is the via list that stands for via and the previous hop, with one entry; nil if the table is full. It holds for
// the request's lifetime, which is longer than the RFC asks for (6.1.2).
func (c *Core) compress(now time.Time, prev wire.NodeID, via []wire.Destination) []wire.Destination {
	t := &c.shortened
	if t.slots == nil {
		t.slots = make([]viaSlot, opaqueSlots)
		for i := range t.slots { // so that IDs from before a restart mean nothing
			t.slots[i].generation = uint16(c.rng.Uint32()) & opaqueGeneration
		}
	}
	s := &t.slots[t.next]
	if now.Before(s.until) {
		return nil // the oldest is still in use
	}
	s.generation = (s.generation + 1) & opaqueGeneration
	s.way, s.until = wayBack(prev, via), now.Add(c.lifetime())
	id := 1<<15 | uint16(t.next)<<3 | s.generation
	t.next = (t.next + 1) % opaqueSlots
	return []wire.Destination{{Type: wire.DestinationOpaque, Opaque: string(binary.BigEndian.AppendUint16(nil, id))}}
}

// undo is what a destination list means whose first entry may be an opaque ID of ours (6.1.3). Own Node-IDs before the rest
// are taken away. False: the ID is not ours, or not any more.
func (c *Core) undo(now time.Time, dests []wire.Destination) ([]wire.Destination, bool) {
	for range maxDestinations {
		for len(dests) > 1 && dests[0] == wire.ToNode(c.self) {
			dests = dests[1:]
		}
		if dests[0].Type != wire.DestinationOpaque {
			return dests, true
		}
		way := c.wayOf(now, dests[0].Opaque)
		if way == nil || len(way)+len(dests) > maxDestinations {
			break
		}
		dests = append(slices.Clip(way), dests[1:]...)
	}
	return nil, false
}

func (c *Core) wayOf(now time.Time, opaque string) []wire.Destination {
	if len(opaque) != 2 || c.shortened.slots == nil {
		return nil
	}
	id := binary.BigEndian.Uint16([]byte(opaque))
	s := &c.shortened.slots[id>>3&(opaqueSlots-1)]
	if id>>15 == 0 || s.generation != id&opaqueGeneration || now.After(s.until) {
		return nil
	}
	return s.way
}
