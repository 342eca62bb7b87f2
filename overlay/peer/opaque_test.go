package peer_test

import (
	"slices"
	"testing"
	"time"

	"tandem/overlay/wire"
)

func longVia(n byte) (via []wire.Destination) {
	for i := range n {
		via = append(via, wire.ToNode(id(1+i)))
	}
	return via
}

// A via list that grows too long is replaced by an opaque ID; the answer that brings it back goes on as if it had not been.
//
// RELOAD: RT-3 RT-5 DST-2
func TestLongViaListIsCompressed(t *testing.T) {
	b := newBench(t, 0x70, 0x90)
	me := wire.ToNode(id(self))
	via := longVia(16)
	s := sent(t, b.ask(0x70, via, &wire.PingReq{}, wire.ToNode(id(0x90))))
	if len(s.Header.Via) != 1 || s.Header.Via[0].Type != wire.DestinationOpaque || len(s.Header.Via[0].Opaque) != 2 {
		t.Fatalf("via list %v, want one opaque ID of two bytes", s.Header.Via)
	}
	short := s.Header.Via[0]
	if again := sent(t, b.ask(0x70, via, &wire.PingReq{}, wire.ToNode(id(0x90)))); again.Header.Via[0] == short {
		t.Error("two via lists with one ID")
	}

	want := []wire.Destination{wire.ToNode(id(0x70))}
	for _, d := range slices.Backward(via) {
		want = append(want, d)
	}
	want = append(want, wire.ToNode(id(0xee)))
	back := b.message(&wire.PingAns{}, me, short, wire.ToNode(id(0xee)))
	s = sent(t, b.receive(0x90, back))
	if s == nil || b.nodes[s.Link] != id(0x70) || !slices.Equal(s.Header.Destinations, want) {
		t.Errorf("answer sent on as %+v, want to %v", s, want)
	}
	if s = sent(t, b.ask(0x70, longVia(15), &wire.PingReq{}, wire.ToNode(id(0x90)))); len(s.Header.Via) != 16 {
		t.Errorf("via list of 16 replaced: %v", s.Header.Via)
	}
}

// An opaque ID that is not ours, or not any more, leads nowhere.
// RELOAD: RT-5
func TestOpaqueIDsEnd(t *testing.T) {
	b := newBench(t, 0x70, 0x90)
	s := sent(t, b.ask(0x70, longVia(16), &wire.PingReq{}, wire.ToNode(id(0x90))))
	short := s.Header.Via[0]
	stale := wire.Destination{Type: short.Type, Opaque: string([]byte{short.Opaque[0], short.Opaque[1] ^ 1})}
	if s := sent(t, b.receive(0x90, b.message(&wire.PingAns{}, stale))); s != nil {
		t.Errorf("another generation: sent %+v", s)
	}
	if s := sent(t, b.receive(0x90, b.message(&wire.PingAns{}, short))); s == nil {
		t.Error("not sent on without our Node-ID before it")
	}
	b.now = b.now.Add(16 * time.Second)
	if s := sent(t, b.receive(0x90, b.message(&wire.PingAns{}, short))); s != nil {
		t.Errorf("after the request's lifetime: sent %+v", s)
	}
}

// When all IDs are in use, via lists just grow.
// RELOAD: RT-5
func TestOpaqueIDsAreBounded(t *testing.T) {
	b := newBench(t, 0x70, 0x90)
	seen := map[wire.Destination]bool{}
	for range 1 << 12 {
		s := sent(t, b.ask(0x70, longVia(16), &wire.PingReq{}, wire.ToNode(id(0x90))))
		seen[s.Header.Via[0]] = true
	}
	if len(seen) != 1<<12 {
		t.Errorf("%d different IDs", len(seen))
	}
	s := sent(t, b.ask(0x70, longVia(16), &wire.PingReq{}, wire.ToNode(id(0x90))))
	if len(s.Header.Via) != 17 {
		t.Errorf("via list %v", s.Header.Via)
	}
	b.now = b.now.Add(16 * time.Second)
	s = sent(t, b.ask(0x70, longVia(16), &wire.PingReq{}, wire.ToNode(id(0x90))))
	if len(s.Header.Via) != 1 || seen[s.Header.Via[0]] {
		t.Errorf("a place used again has the ID %v of before", s.Header.Via)
	}
}

// Opaque IDs of others are carried back in their places.
//
// RELOAD: RT-4 DST-2
func TestOpaqueIDsOfOthers(t *testing.T) {
	b := newBench(t, 0x70, 0x90)
	others := []wire.Destination{{Type: wire.DestinationOpaque, Opaque: "\x81\x02"}, {Type: wire.DestinationOpaque, Opaque: "abc"}}
	s := sent(t, b.ask(0x70, others, &wire.PingReq{}, wire.ToNode(id(self))))
	want := []wire.Destination{wire.ToNode(id(0x70)), others[1], others[0]}
	if s == nil || !slices.Equal(s.Header.Destinations, want) {
		t.Errorf("answered to %+v, want %v", s, want)
	}
}
