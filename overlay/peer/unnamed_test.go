package peer_test

import (
	"slices"
	"testing"
	"time"

	"tandem/overlay/peer"
	"tandem/overlay/wire"
)

// linkSeveral connects a node whose certificate has the Node-IDs 41 and 42. It goes by 42.
func (b *bench) linkSeveral() peer.LinkID {
	l := peer.LinkID(len(b.links) + 1)
	b.links[id(0x42)], b.nodes[l] = l, id(0x42)
	b.core.LinkUp(b.now, peer.Link{ID: l, Node: id(0x41), NodeIDs: []wire.NodeID{id(0x41), id(0x42)}})
	return l
}

// RELOAD: RT-6
func TestSeveralNodeIDsAttachFirst(t *testing.T) {
	b := newBench(t, 0x70, 0x90)
	l := b.linkSeveral()
	if out := b.core.Outbox(); len(out) > 0 {
		t.Errorf("to a node that has not said who it is: %+v", out[0])
	}
	me := wire.ToNode(id(self))
	for name, dest := range map[string]wire.Destination{"here": me, "beyond": wire.ToNode(id(0x90))} {
		s := sent(t, b.ask(0x42, nil, &wire.ProbeReq{}, dest))
		if errorOf(t, s) != wire.ErrorForbidden || s.Link != l {
			t.Errorf("%s: sent %+v, want Error_Forbidden", name, s)
		}
	}

	// Pings and Attaches are answered, to the Node-ID that signed them.
	s := sent(t, b.ask(0x42, nil, &wire.PingReq{}, wire.ToNode(wire.Wildcard)))
	if errorOf(t, s) != 0 || s.Link != l || !slices.Equal(s.Header.Destinations, []wire.Destination{wire.ToNode(id(0x42))}) {
		t.Errorf("ping answered by %+v", s)
	}
	s = sent(t, b.ask(0x42, nil, &wire.AttachReq{Attach: wire.Attach{Role: wire.RolePassive}}, wire.ToNode(id(0x90))))
	if s == nil || s.Forward == nil || b.nodes[s.Link] != id(0x90) {
		t.Fatalf("an Attach to another is not passed on: %+v", s)
	}
	back := b.message(&wire.PingAns{}, append([]wire.Destination{me}, s.Header.Via...)...)
	if s = sent(t, b.receive(0x90, back)); s == nil || s.Link != l {
		t.Errorf("the answer does not find back: %+v", s)
	}

	// Its Attach to us says who it is.
	b.ask(0x42, nil, &wire.AttachReq{Attach: wire.Attach{Role: wire.RolePassive}}, me)
	s = sent(t, b.ask(0x42, nil, &wire.ProbeReq{}, me))
	if errorOf(t, s) != 0 || s.Link != l {
		t.Errorf("refused after the Attach: %+v", s)
	}
	if s = sent(t, b.ask(0x90, nil, &wire.PingReq{}, me, wire.ToNode(id(0x42)))); s == nil || s.Link != l {
		t.Errorf("no way to it after the Attach: %+v", s)
	}
	if s = sent(t, b.ask(0x90, nil, &wire.PingReq{}, me, wire.ToNode(id(0x41)))); s != nil && s.Link == l {
		t.Errorf("a way to what it does not go by: %+v", s)
	}
}

// A link whose node never says who it is ends, and so does everything known of it.
func TestSeveralNodeIDsWithoutAttach(t *testing.T) {
	b := newBench(t, 0x70)
	l := b.linkSeveral()
	closed := false
	for end := b.now.Add(16 * time.Second); b.now.Before(end); {
		b.now = b.core.Deadline()
		b.core.Timeout(b.now)
		for _, a := range b.core.Outbox() {
			c, ok := a.(*peer.Close)
			closed = closed || ok && c.Link == l
		}
	}
	if !closed {
		t.Error("the link stays")
	}
	b.core.LinkDown(b.now, b.linkSeveral())
	if s := sent(t, b.ask(0x70, nil, &wire.PingReq{}, wire.ToNode(id(self)), wire.ToNode(id(0x42)))); s != nil {
		t.Errorf("sent to a link that is gone: %+v", s)
	}
}

// A node that was asked by an Attach of ours has said who it is in its answer.
func TestSeveralNodeIDsAskedFor(t *testing.T) {
	b := newBench(t, 0x30, 0x90)
	b.ask(0x30, nil, &wire.UpdateReq{Type: wire.UpdateNeighbors, Successors: []wire.NodeID{id(0x42)}}, wire.ToNode(id(self)))
	l := b.linkSeveral()
	b.core.Outbox()
	if s := sent(t, b.ask(0x90, nil, &wire.PingReq{}, wire.ToNode(id(self)), wire.ToNode(id(0x42)))); s == nil || s.Link != l {
		t.Errorf("not known by the name we asked for: %+v", s)
	}
}
