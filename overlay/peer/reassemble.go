package peer

import (
	"bytes"
	"slices"
	"time"

	"tandem/overlay/wire"
)

// Bounds of what is kept of messages that come in fragments (6.7). What does not fit is dropped: requests are sent again by
// those who want an answer.
const (
	maxAssemblies     = 1024
	maxAssembliesFrom = 64 // incomplete and begun by one neighbor, so that it leaves room to the others
	maxAssemblyBytes  = 4 << 20
	maxSpans          = 128
)

// reassembly holds the fragments of messages for this node.
type reassembly struct {
	byKey     map[fragmentKey]*assembly
	from      map[wire.NodeID]int // incomplete ones by neighbor
	bytes     int
	delivered []*assembly // by age; these give way first
}

// fragmentKey tells messages apart. Fragments of one may come by different ways, with different via lists. An answer to a
// request of ours and a request by somebody else are never one message.
type fragmentKey struct {
	id     wire.TransactionID
	to     wire.Destination
	answer bool
}

// An assembly is one message of which fragments have come. It is kept for a while after the message is complete: the pieces
// of two tries of a request may differ, by their signatures, and both have made up the message then. What comes of the later
// one takes the place of the earlier.
type assembly struct {
	key       fragmentKey
	from      wire.NodeID // the neighbor that sent the first one
	payload   []byte
	end       int   // the length of the whole payload; 0: not known yet
	have      spans // what of payload has come
	fresh     spans // since the message was last delivered
	delivered bool
	timer     *timer
}

// reassemble keeps a fragment for this node and returns the message if it is complete now, else nil. The header, by which an
// answer finds its way, is that of the fragment that came last.
func (c *Core) reassemble(now time.Time, from wire.NodeID, m *wire.Message) *wire.Message {
	begin, n := int(m.Header.Fragment.Offset), len(m.Contents)
	if n == 0 || begin+n > c.set.MaxMessageSize {
		c.drop(m, "an empty fragment, or one of a message that is too large")
		return nil
	}
	dests := m.Header.Destinations
	key := fragmentKey{m.Header.TransactionID, dests[len(dests)-1], c.requests[m.Header.TransactionID] != nil}
	a := c.fragments.byKey[key]
	if a == nil {
		a = c.beginAssembly(now, from, key)
	}
	if a == nil || !c.fragments.makeRoom(c, a, begin+n) {
		c.drop(m, "too many fragments wait")
		return nil
	}
	changed := a.add(begin, m.Contents, m.Header.Fragment.Last)
	switch {
	case len(a.have) > maxSpans || len(a.fresh) > maxSpans:
		c.forgetFragments(a)
		return nil
	case !a.have.cover(a.end), a.delivered && !changed && !a.fresh.cover(a.end):
		return nil
	}
	c.fragments.deliver(a)
	return wire.Reassembled(m.Header, slices.Clone(a.payload[:a.end]))
}

func (c *Core) beginAssembly(now time.Time, from wire.NodeID, key fragmentKey) *assembly {
	f := &c.fragments
	if f.from[from] >= maxAssembliesFrom {
		return nil
	}
	if f.byKey == nil {
		f.byKey, f.from = map[fragmentKey]*assembly{}, map[wire.NodeID]int{}
	}
	if len(f.byKey) >= maxAssemblies {
		if len(f.delivered) == 0 {
			return nil
		}
		c.forgetFragments(f.delivered[0])
	}
	a := &assembly{key: key, from: from}
	f.byKey[key] = a
	f.from[from]++
	a.timer = c.after(now, c.lifetime(), func(time.Time) { c.forgetFragments(a) })
	return a
}

// makeRoom lets the payload of a grow to n bytes and reports false if there are too many already.
func (f *reassembly) makeRoom(c *Core, a *assembly, n int) bool {
	grow := max(0, n-len(a.payload))
	for f.bytes+grow > maxAssemblyBytes {
		if len(f.delivered) == 0 || f.delivered[0] == a {
			return false
		}
		c.forgetFragments(f.delivered[0])
	}
	a.payload = append(a.payload, make([]byte, grow)...)
	f.bytes += grow
	return true
}

func (f *reassembly) deliver(a *assembly) {
	a.fresh = nil
	if !a.delivered {
		a.delivered = true
		f.delivered = append(f.delivered, a)
		f.release(a.from)
	}
}

// release lets a neighbor begin one more.
func (f *reassembly) release(from wire.NodeID) {
	if f.from[from]--; f.from[from] == 0 {
		delete(f.from, from)
	}
}

func (c *Core) forgetFragments(a *assembly) {
	f := &c.fragments
	c.timers.stop(a.timer)
	delete(f.byKey, a.key)
	f.bytes -= len(a.payload)
	if !a.delivered {
		f.release(a.from)
		return
	}
	if f.delivered[0] == a { // as mostly: they end in the order in which they began
		f.delivered[0], f.delivered = nil, f.delivered[1:]
		return
	}
	f.delivered = slices.DeleteFunc(f.delivered, func(o *assembly) bool { return o == a })
}

// add puts a fragment in its place, for which there is room, and reports whether that changed bytes that had come before. A
// length that contradicts what has come belongs to another try altogether: nothing of the earlier one is used.
func (a *assembly) add(begin int, data []byte, last bool) (changed bool) {
	end := begin + len(data)
	if a.end != 0 && (end > a.end || last && end != a.end) || last && a.have.end() > end {
		a.have, a.fresh, a.end = nil, nil, 0
	}
	if last {
		a.end = end
	}
	for _, s := range a.have {
		from, to := max(s.from, begin), min(s.to, end)
		changed = changed || from < to && !bytes.Equal(a.payload[from:to], data[from-begin:to-begin])
	}
	copy(a.payload[begin:], data)
	a.have = a.have.with(span{begin, end})
	a.fresh = a.fresh.with(span{begin, end})
	return changed
}

// spans are parts of a payload, in order and apart from each other.
type spans []span

type span struct{ from, to int }

// cover reports whether they are all of n bytes. Nothing covers a length that is not known.
func (l spans) cover(n int) bool { return n > 0 && len(l) == 1 && l[0] == span{0, n} }

func (l spans) end() int {
	if len(l) == 0 {
		return 0
	}
	return l[len(l)-1].to
}

// with adds a span, as one with those it touches.
func (l spans) with(s span) spans {
	l = slices.DeleteFunc(l, func(o span) bool {
		touches := o.from <= s.to && s.from <= o.to
		if touches {
			s = span{min(o.from, s.from), max(o.to, s.to)}
		}
		return touches
	})
	i, _ := slices.BinarySearchFunc(l, s, func(o, s span) int { return o.from - s.from })
	return slices.Insert(l, i, s)
}
