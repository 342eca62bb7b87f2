package peer_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"tandem/overlay/peer"
	"tandem/overlay/wire"
)

// divided is a large Ping in pieces, with a filler that tells one transmission from another.
func divided(t testing.TB, b *bench, size, padding int, filler byte, dests ...wire.Destination) (list []*wire.Message) {
	t.Helper()
	m := b.message(&wire.PingReq{Padding: bytes.Repeat([]byte{filler}, padding)}, dests...)
	m.Security = bytes.Repeat([]byte{filler}, 400)
	return piecesOf(t, m, size)
}

func piecesOf(t testing.TB, m *wire.Message, size int) (list []*wire.Message) {
	t.Helper()
	encoded, err := m.MarshalFragments(size)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range encoded {
		p := new(wire.Message)
		if err := p.UnmarshalBinary(e); err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
	return list
}

// verifications receives messages from a node and returns those the core asks to be verified.
func (b *bench) verifications(from byte, list ...*wire.Message) (asked []*wire.Message) {
	for _, m := range list {
		b.core.Receive(b.now, b.links[id(from)], m)
		for _, a := range b.core.Outbox() {
			if v, ok := a.(*peer.Verify); ok {
				asked = append(asked, v.Message)
			}
		}
	}
	return asked
}

// RELOAD: FRG-2
func TestFragmentsInAnyOrder(t *testing.T) {
	me := wire.ToNode(id(self))
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		b := newBench(t, 0x70, 0x90)
		pieces := divided(t, b, 500, 3000, 1, me)
		var again []*wire.Message // divided once more on another way, with another via list
		for _, p := range pieces {
			q := *p
			q.Header.Via = []wire.Destination{wire.ToNode(id(5))}
			again = append(again, piecesOf(t, &q, 420)...)
		}
		for _, p := range again {
			p.Header.Destinations = []wire.Destination{me}
		}
		order := append(slices.Clone(pieces), again...)
		rng.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		got := b.verifications(0x70, order...)
		if len(got) == 0 {
			t.Fatal("never complete")
		}
		for _, m := range got {
			if m.Header.Fragment != wire.Whole || len(m.Security) != 400 || len(m.Contents) != 3000+12 {
				t.Errorf("put together: %+v with %d and %d bytes", m.Header, len(m.Contents), len(m.Security))
			}
		}
	}
}

func TestFragmentedPingIsAnswered(t *testing.T) {
	b := newBench(t, 0x70, 0x90)
	var last []peer.Action
	for i, p := range divided(t, b, 500, 3000, 1, wire.ToNode(id(self))) {
		if len(last) > 0 {
			t.Errorf("an action before piece %d", i)
		}
		last = b.receive(0x70, p)
	}
	if s := sent(t, last); s == nil || errorOf(t, s) != 0 || b.nodes[s.Link] != id(0x70) {
		t.Errorf("not answered: %+v", s)
	}
}

// A piece is missing of one try; the next one has another signature. They must not be mixed up.
func TestFragmentsOfTwoTries(t *testing.T) {
	me := wire.ToNode(id(self))
	for missing := range 4 {
		b := newBench(t, 0x70)
		first := divided(t, b, 1000, 3000, 1, me)
		second := divided(t, b, 1000, 3000, 2, me)
		for _, p := range second {
			p.Header.TransactionID = first[0].Header.TransactionID
		}
		if got := b.verifications(0x70, slices.Delete(slices.Clone(first), missing, missing+1)...); len(got) > 0 {
			t.Fatal("complete without a piece")
		}
		got := b.verifications(0x70, second...)
		if len(got) == 0 {
			t.Fatalf("piece %d missing: the second try is not complete", missing)
		}
		if m := got[len(got)-1]; !bytes.Equal(m.Contents[8:3008], bytes.Repeat([]byte{2}, 3000)) || m.Security[0] != 2 {
			t.Errorf("piece %d missing: pieces of both tries in one message", missing)
		}
	}
}

// 6.7: incomplete messages are forgotten after 15 s.
// RELOAD: FRG-2
func TestFragmentsAreForgotten(t *testing.T) {
	b := newBench(t, 0x70)
	pieces := divided(t, b, 1000, 3000, 1, wire.ToNode(id(self)))
	b.verifications(0x70, pieces[:2]...)
	for end := b.now.Add(15*time.Second + time.Millisecond); b.now.Before(end); {
		b.now = b.core.Deadline()
		b.core.Timeout(b.now)
		b.core.Outbox()
	}
	b.link(0x71) // the other does not answer anything
	if got := b.verifications(0x71, pieces[2:]...); len(got) != 0 {
		t.Error("put together with what came 15 s before")
	}
	if got := b.verifications(0x71, pieces[:2]...); len(got) != 1 {
		t.Error("not put together when all had come again")
	}
}

// What a stranger can make us keep is bounded, and one neighbor leaves room to the others.
// RELOAD: FRG-2
func TestFragmentsAreBounded(t *testing.T) {
	me := wire.ToNode(id(self))
	b := newBench(t, 0x70, 0x90)
	for range 1000 {
		b.verifications(0x70, divided(t, b, 1000, 3000, 1, me)[0])
	}
	if got := b.verifications(0x90, divided(t, b, 1000, 3000, 1, me)...); len(got) != 1 {
		t.Error("a flood by one neighbor keeps out another")
	}
	if got := b.verifications(0x70, divided(t, b, 1000, 3000, 1, me)...); len(got) != 0 {
		t.Error("no bound for one neighbor")
	}
	for n := byte(1); n < 17; n++ {
		b.link(n)
		for range 100 {
			b.verifications(n, divided(t, b, 1000, 3000, 1, me)[0])
		}
	}
	if got := b.verifications(0x90, divided(t, b, 1000, 3000, 1, me)...); len(got) != 0 {
		t.Error("no bound for all")
	}

	b = newBench(t, 0x70)
	m := divided(t, b, 1000, 4000, 1, me)
	m[len(m)-1].Header.Fragment.Offset = 5000 // beyond max-message-size
	if got := b.verifications(0x70, m...); len(got) != 0 {
		t.Error("larger than max-message-size")
	}
}

// FRG-1: a peer on the way passes fragments on as they are. Of a later one it cannot tell whether it is a request, so the
// way back is kept in any case.
// RELOAD: FRG-1
func TestFragmentsAreForwarded(t *testing.T) {
	b := newBench(t, 0x70, 0x90)
	for i, p := range divided(t, b, 1000, 3000, 1, wire.ToNode(id(0x90))) {
		s := sent(t, b.receive(0x70, p))
		if s == nil || s.Forward != p || b.nodes[s.Link] != id(0x90) || s.Header.Fragment != p.Header.Fragment {
			t.Fatalf("piece %d: sent %+v", i, s)
		}
		if want := []wire.Destination{wire.ToNode(id(0x70))}; !slices.Equal(s.Header.Via, want) {
			t.Errorf("piece %d: via list %v, want %v", i, s.Header.Via, want)
		}
	}
}

// Whatever fragments come, in whatever order: what is delivered is no longer than allowed, and all of it came.
func FuzzReassembly(f *testing.F) {
	f.Add([]byte{0, 10, 1, 0, 10, 0, 200, 2, 1}, uint8(3))
	f.Fuzz(func(t *testing.T, plan []byte, spread uint8) {
		b := newBench(t, 0x70)
		for ; len(plan) >= 3; plan = plan[3:] {
			m := b.message(&wire.PingReq{}, wire.ToNode(id(self)))
			m.Header.TransactionID = 77
			offset := uint32(plan[0]) * uint32(spread)
			m.Header.Fragment = wire.Fragment{Offset: offset, Last: plan[2]&1 == 1}
			m.Contents = make([]byte, plan[1])
			for i := range m.Contents {
				m.Contents[i] = byte(int(offset)+i) ^ plan[2]&2
			}
			if m.Header.Fragment == wire.Whole {
				continue
			}
			for _, whole := range b.verifications(0x70, m) {
				if n := len(whole.Contents) + len(whole.Security); n > 5000 || n == 0 {
					t.Errorf("%d bytes delivered", n)
				}
				var wrong error
				for i, c := range append(slices.Clone(whole.Contents), whole.Security...) {
					if c&^2 != byte(i)&^2 {
						wrong = fmt.Errorf("byte %d is %x", i, c)
					}
				}
				if wrong != nil {
					t.Error(wrong)
				}
			}
		}
	})
}

func BenchmarkReassemble(b *testing.B) {
	bn := newBench(b, 0x70)
	pieces := divided(b, bn, 1000, 2000, 1, wire.ToNode(id(self)))
	b.ReportAllocs()
	for b.Loop() {
		for _, p := range pieces {
			p.Header.TransactionID++
		}
		if got := bn.verifications(0x70, pieces...); len(got) != 1 {
			b.Fatal("not complete")
		}
		bn.now = bn.now.Add(time.Millisecond)
	}
}
