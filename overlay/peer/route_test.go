package peer_test

import (
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"tandem/overlay/peer"
	"tandem/overlay/wire"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// bench is one core in the middle of the ring with links to chosen nodes; the test plays all the others.
type bench struct {
	t     testing.TB
	core  *peer.Core
	now   time.Time
	links map[wire.NodeID]peer.LinkID
	nodes map[peer.LinkID]wire.NodeID
	next  wire.TransactionID
}

func id(b byte) wire.NodeID { return wire.NodeID{b} }

func resource(b byte) wire.ResourceID { return wire.ResourceID{b} }

func signer(n wire.NodeID) peer.Signer {
	return peer.Signer{NodeID: n, User: n.String()[:2], Certificate: n[:]}
}

const self = 0x80

// newBench is a joined peer 80 whose routing table has the given peers.
func newBench(t testing.TB, peers ...byte) *bench {
	b := &bench{t: t, now: start, links: map[wire.NodeID]peer.LinkID{}, nodes: map[peer.LinkID]wire.NodeID{}}
	b.core = peer.New(peer.Config{
		Self: signer(id(self)), Overlay: wire.OverlayID("bench"), First: true, Settings: peer.Settings{Sequence: 7},
		Rand: rand.New(rand.NewPCG(1, 2)), Logger: slog.New(slog.DiscardHandler),
	}, b.now)
	for _, p := range peers {
		b.link(p)
		b.ask(p, nil, &wire.UpdateReq{Type: wire.UpdatePeerReady}, wire.ToNode(id(self)))
	}
	b.core.Outbox()
	return b
}

// link connects a node that is no peer (yet).
func (b *bench) link(n byte) {
	l := peer.LinkID(len(b.links) + 1)
	b.links[id(n)], b.nodes[l] = l, id(n)
	b.core.LinkUp(b.now, peer.Link{ID: l, Node: id(n)})
	b.core.Outbox()
}

// message makes a request.
func (b *bench) message(body wire.Body, dests ...wire.Destination) *wire.Message {
	contents, err := wire.MarshalContents(body)
	if err != nil {
		panic(err) // bodies of tests can be encoded
	}
	b.next++
	return &wire.Message{Contents: contents, Header: wire.ForwardingHeader{
		Overlay: wire.OverlayID("bench"), ConfigSequence: 7, TTL: 50, Fragment: wire.Whole, TransactionID: b.next, Destinations: dests,
	}}
}

// receive gives a message to the core, by the link of a node, and verifies whatever it asks for as signed by that node or the
// first of the via list.
func (b *bench) receive(from byte, m *wire.Message) []peer.Action {
	b.core.Receive(b.now, b.links[id(from)], m)
	by := id(from)
	if len(m.Header.Via) > 0 {
		by = m.Header.Via[0].Node
	}
	var rest []peer.Action
	for out := b.core.Outbox(); len(out) > 0; out = b.core.Outbox() {
		for _, a := range out {
			if v, ok := a.(*peer.Verify); ok {
				values := make([]peer.ValueSigner, len(v.Values))
				for i := range values {
					values[i].Signer = signer(by)
				}
				b.core.Verified(b.now, v, signer(by), values)
				continue
			}
			rest = append(rest, a)
		}
	}
	return rest
}

func (b *bench) ask(from byte, via []wire.Destination, body wire.Body, dests ...wire.Destination) []peer.Action {
	m := b.message(body, dests...)
	m.Header.Via = via
	return b.receive(from, m)
}

// sent is the one Send among actions, nil if there is none.
func sent(t testing.TB, actions []peer.Action) *peer.Send {
	t.Helper()
	var found *peer.Send
	for _, a := range actions {
		if s, ok := a.(*peer.Send); ok {
			if found != nil {
				t.Fatalf("more than one message sent: %+v and %+v", found, s)
			}
			found = s
		}
	}
	return found
}

// errorOf is the error code that a Send answers with, 0 if it is no error.
func errorOf(t *testing.T, s *peer.Send) wire.ErrorCode {
	t.Helper()
	if s == nil {
		t.Fatal("nothing was sent")
	}
	contents, err := wire.ParseContents(s.Contents)
	if err != nil {
		t.Fatal(err)
	}
	body, err := contents.Decode(nil)
	if e, ok := body.(*wire.ErrorResponse); ok && err == nil {
		return e.Reason
	}
	return 0
}

// 6.1: what becomes of a message by its first destination.
// RELOAD: RT-1 RT-2 RTE-1 CLI-2 DST-3
func TestRouting(t *testing.T) {
	me := wire.ToNode(id(self))
	tests := []struct {
		name  string
		dests []wire.Destination
		to    byte // forwarded there; 0: not
		here  bool // answered
	}{
		{"own Node-ID", []wire.Destination{me}, 0, true},
		{"wildcard", []wire.Destination{wire.ToNode(wire.Wildcard)}, 0, true},
		{"a resource of ours", []wire.Destination{wire.ToResource(resource(0x71))}, 0, true},
		{"ours, then a neighbor", []wire.Destination{me, wire.ToNode(id(0x90))}, 0x90, false},
		{"ours, then a resource of ours", []wire.Destination{me, wire.ToResource(resource(0x71))}, 0, true},
		{"a resource and more behind it", []wire.Destination{wire.ToResource(resource(0x71)), me}, 0, false},
		{"directly connected", []wire.Destination{wire.ToNode(id(0xa0))}, 0xa0, false},
		{"a client of ours", []wire.Destination{wire.ToNode(id(0x75))}, 0x75, false},
		{"a Node-ID in our range that nobody has", []wire.Destination{wire.ToNode(id(0x76))}, 0, false},
		{"the largest before it", []wire.Destination{wire.ToNode(id(0xb1))}, 0xa0, false},
		{"a resource of the successor", []wire.Destination{wire.ToResource(resource(0x85))}, 0x90, false},
		{"around zero", []wire.Destination{wire.ToResource(resource(0x10))}, 0xa0, false},
		{"an opaque ID", []wire.Destination{{Type: wire.DestinationOpaque, Opaque: "\x81\x02"}}, 0, false},
	}
	for _, tt := range tests {
		b := newBench(t, 0x70, 0x90, 0xa0)
		b.link(0x75) // no Update: a client
		b.link(0x60) // where the message comes from
		s := sent(t, b.ask(0x60, nil, &wire.PingReq{}, tt.dests...))
		switch {
		case tt.here && (s == nil || !s.Sign || s.Forward != nil):
			t.Errorf("%s: not answered: %+v", tt.name, s)
		case tt.to != 0 && (s == nil || s.Forward == nil || b.nodes[s.Link] != id(tt.to)):
			t.Errorf("%s: not sent to %x: %+v", tt.name, tt.to, s)
		case !tt.here && tt.to == 0 && s != nil:
			t.Errorf("%s: not dropped: %+v", tt.name, s)
		}
	}
}

// 6.1.2: the via list grows by the previous hop, the TTL falls by one; 6.2.2: the answer goes back the way the request came.
// RELOAD: RT-3 RT-4 HDR-5
func TestViaList(t *testing.T) {
	b := newBench(t, 0x70, 0x90)
	via := []wire.Destination{wire.ToNode(id(1)), wire.ToNode(id(2))}
	s := sent(t, b.ask(0x70, via, &wire.PingReq{}, wire.ToNode(id(self)), wire.ToNode(id(0x90))))
	if want := append(slices.Clone(via), wire.ToNode(id(0x70))); !slices.Equal(s.Header.Via, want) {
		t.Errorf("via list %v, want %v", s.Header.Via, want)
	}
	if s.Header.TTL != 49 || !slices.Equal(s.Header.Destinations, []wire.Destination{wire.ToNode(id(0x90))}) {
		t.Errorf("forwarded with TTL %d to %v", s.Header.TTL, s.Header.Destinations)
	}
	s = sent(t, b.ask(0x70, via, &wire.PingReq{}, wire.ToNode(id(self))))
	want := []wire.Destination{wire.ToNode(id(0x70)), wire.ToNode(id(2)), wire.ToNode(id(1))}
	if !slices.Equal(s.Header.Destinations, want) || len(s.Header.Via) != 0 || b.nodes[s.Link] != id(0x70) {
		t.Errorf("answered to %v by %v, want %v", s.Header.Destinations, b.nodes[s.Link], want)
	}
}

// 3.2.1: nothing is routed through a client or a node that has sent no Update.
// RELOAD: CLI-2 ATT-8
func TestNothingGoesThroughClients(t *testing.T) {
	b := newBench(t, 0x70)
	b.link(0xa0)
	s := sent(t, b.ask(0x70, nil, &wire.PingReq{}, wire.ToNode(id(self)), wire.ToResource(resource(0xa0))))
	if s != nil {
		t.Errorf("sent to %v", b.nodes[s.Link])
	}
}

// RELOAD: HDR-4 HDR-5 DST-4 OPT-2
func TestHeaderErrors(t *testing.T) {
	tests := []struct {
		name   string
		change func(*wire.Message)
		want   wire.ErrorCode // 0: dropped
	}{
		// 6.3.2: "If the TTL is 0, the message MUST NOT be propagated further"
		{"TTL 0 and not for us", func(m *wire.Message) { m.Header.TTL = 0 }, wire.ErrorTTLExceeded},
		{"TTL above the initial one", func(m *wire.Message) { m.Header.TTL = 101 }, wire.ErrorTTLExceeded},
		{"another overlay", func(m *wire.Message) { m.Header.Overlay++ }, 0},
		{"no destination", func(m *wire.Message) { m.Header.Destinations = nil }, 0},
		{"a destination twice", func(m *wire.Message) {
			m.Header.Destinations = append(m.Header.Destinations, m.Header.Destinations[0])
		}, wire.ErrorInvalidMessage},
		// 6.3.2.3
		{"an option critical to forwarders", func(m *wire.Message) {
			m.Header.Options = []wire.ForwardingOption{{Type: 9, Flags: wire.FlagForwardCritical}}
		}, wire.ErrorUnsupportedForwardingOption},
		{"an answer gone wrong is not answered", func(m *wire.Message) { m.Header.TTL = 0; m.Contents[1]++ }, 0},
	}
	for _, tt := range tests {
		b := newBench(t, 0x70, 0x90)
		m := b.message(&wire.PingReq{}, wire.ToNode(id(0x90)))
		tt.change(m)
		s := sent(t, b.receive(0x70, m))
		switch {
		case tt.want == 0 && s != nil:
			t.Errorf("%s: not dropped: %+v", tt.name, s)
		case tt.want != 0 && errorOf(t, s) != tt.want:
			t.Errorf("%s: answered by %v", tt.name, errorOf(t, s))
		}
	}
}

// RELOAD: SEQ-1 OPT-2 CNT-3 CNT-4 HDR-9 AMB-6
func TestRequestErrors(t *testing.T) {
	ping, _ := wire.MarshalContents(&wire.PingReq{})
	tests := []struct {
		name   string
		change func(*wire.Message)
		want   wire.ErrorCode
	}{
		{"older configuration", func(m *wire.Message) { m.Header.ConfigSequence = 6 }, wire.ErrorConfigTooOld},
		{"newer configuration", func(m *wire.Message) { m.Header.ConfigSequence = 8 }, wire.ErrorConfigTooNew},
		{"an option critical to us", func(m *wire.Message) {
			m.Header.Options = []wire.ForwardingOption{{Type: 9, Flags: wire.FlagDestinationCritical}}
		}, wire.ErrorUnsupportedForwardingOption},
		{"a critical extension", func(m *wire.Message) {
			m.Contents, _ = wire.MarshalContents(&wire.PingReq{}, wire.Extension{Type: 77, Critical: true})
		}, wire.ErrorUnknownExtension},
		{"an unknown code", func(m *wire.Message) { m.Contents = append([]byte{0x70, 0x01}, ping[2:]...) }, wire.ErrorInvalidMessage},
		{"a malformed body", func(m *wire.Message) { m.Contents = append([]byte{0, byte(wire.CodeStoreReq)}, ping[2:]...) }, wire.ErrorInvalidMessage},
		{"an answer that would be too large", func(m *wire.Message) { m.Header.MaxResponseLength = 100 }, wire.ErrorResponseTooLarge},
	}
	for _, tt := range tests {
		b := newBench(t, 0x70)
		m := b.message(&wire.PingReq{}, wire.ToNode(id(self)))
		tt.change(m)
		if got := errorOf(t, sent(t, b.receive(0x70, m))); got != tt.want {
			t.Errorf("%s: answered by %v, want %v", tt.name, got, tt.want)
		}
	}
}

// 6.4.2.1, 6.4.2.2: Join and Leave are refused from anyone but the node they are about, at the other end of the link.
// RELOAD: JN-3
func TestOthersCannotJoinOrLeaveForSomebody(t *testing.T) {
	me := wire.ToNode(id(self))
	behind := []wire.Destination{wire.ToNode(id(0x75))}
	tests := []struct {
		name string
		via  []wire.Destination
		body wire.Body
	}{
		{"Join of another", nil, &wire.JoinReq{Node: id(0x75)}},
		{"Join from afar", behind, &wire.JoinReq{Node: id(0x75)}},
		{"Leave of another", nil, &wire.LeaveReq{Node: id(0x90)}},
		{"Leave from afar", behind, &wire.LeaveReq{Node: id(0x75)}},
		{"Update from afar", behind, &wire.UpdateReq{Type: wire.UpdatePeerReady}},
	}
	for _, tt := range tests {
		b := newBench(t, 0x70, 0x90)
		if got := errorOf(t, sent(t, b.ask(0x70, tt.via, tt.body, me))); got != wire.ErrorForbidden {
			t.Errorf("%s: answered by %v", tt.name, got)
		}
		if s := b.core.State(); !slices.Contains(s.Successors, id(0x90)) || slices.Contains(s.Predecessors, id(0x75)) {
			t.Errorf("%s changed the ring: %+v", tt.name, s)
		}
	}
}

// 6.2.1: a request that comes again is answered again, but not done again.
// RELOAD: REQ-2
func TestRepeatedRequestIsAnsweredOnceMore(t *testing.T) {
	b := newBench(t, 0x70)
	m := b.message(&wire.PingReq{}, wire.ToNode(id(self)))
	first, second := sent(t, b.receive(0x70, m)), sent(t, b.receive(0x70, m))
	if first == nil || second == nil || !slices.Equal(first.Contents, second.Contents) {
		t.Errorf("answers differ: %+v and %+v", first, second)
	}
	b.now = b.now.Add(16 * time.Second)
	if third := sent(t, b.receive(0x70, m)); third == nil || slices.Equal(first.Contents, third.Contents) {
		t.Error("after 15 s it is a new request")
	}
}

// 6.2.1: a request is sent up to five times, with the same transaction, 3 s apart, then fails.
// RELOAD: REQ-1 HDR-8
func TestRetransmission(t *testing.T) {
	b := newBench(t, 0x90)
	var err error
	b.core.Do(b.now, peer.Request{Dest: []wire.Destination{wire.ToNode(id(0x90))}, Body: &wire.PingReq{}},
		func(_ time.Time, _ peer.Response, e error) { err = e })
	var times []time.Duration
	ids := map[wire.TransactionID]bool{}
	for range 200 {
		for _, a := range b.core.Outbox() {
			if s, ok := a.(*peer.Send); ok && s.Contents[1] == byte(wire.CodePingReq) {
				times = append(times, b.now.Sub(start))
				ids[s.Header.TransactionID] = true
			}
		}
		b.now = b.now.Add(100 * time.Millisecond)
		b.core.Timeout(b.now)
	}
	want := []time.Duration{0, 3 * time.Second, 6 * time.Second, 9 * time.Second, 12 * time.Second}
	if !slices.Equal(times, want) || len(ids) != 1 || !errors.Is(err, peer.ErrTimeout) {
		t.Errorf("sent at %v in %d transactions, then %v", times, len(ids), err)
	}
}

// 6.3.4: the answer of a node that was not asked, or is farther from the resource than nodes we know, does not count.
// RELOAD: REQ-3 HDR-8
func TestAnswerFromTheWrongNode(t *testing.T) {
	tests := []struct {
		name string
		dest wire.Destination
		from byte
		ok   bool
	}{
		{"the node", wire.ToNode(id(0x90)), 0x90, true},
		{"another node", wire.ToNode(id(0x90)), 0xa0, false},
		{"the responsible peer", wire.ToResource(resource(0x85)), 0x90, true},
		{"a peer farther away", wire.ToResource(resource(0x85)), 0xa0, false},
	}
	for _, tt := range tests {
		b := newBench(t, 0x70, 0x90, 0xa0)
		answered := false
		b.core.Do(b.now, peer.Request{Dest: []wire.Destination{tt.dest}, Body: &wire.PingReq{}},
			func(_ time.Time, _ peer.Response, e error) { answered = e == nil })
		s := sent(t, b.core.Outbox())
		m := b.message(&wire.PingAns{}, wire.ToNode(id(self)))
		m.Header.TransactionID = s.Header.TransactionID
		b.receive(tt.from, m)
		if answered != tt.ok {
			t.Errorf("%s: accepted = %v", tt.name, answered)
		}
	}
}

// RELOAD: RQ-1 MSG-15
func TestRouteQuery(t *testing.T) {
	b := newBench(t, 0x70, 0x90, 0xa0)
	for _, tt := range []struct {
		dest wire.Destination
		want byte
	}{{wire.ToResource(resource(0x75)), self}, {wire.ToResource(resource(0x85)), 0x90}, {wire.ToNode(id(0xb5)), 0xa0}} {
		s := sent(t, b.ask(0x70, nil, &wire.RouteQueryReq{Destination: tt.dest}, wire.ToNode(id(self))))
		contents, _ := wire.ParseContents(s.Contents)
		body, err := contents.Decode(nil)
		if ans, ok := body.(*wire.RouteQueryAns); err != nil || !ok || ans.Next != id(tt.want) {
			t.Errorf("to %v by %+v, want %x", tt.dest, body, tt.want)
		}
	}
}

// 6.4.2.5: in the order asked, only what was asked and is known.
// RELOAD: MSG-01
func TestProbe(t *testing.T) {
	b := newBench(t, 0x70)
	b.now = b.now.Add(90 * time.Second)
	s := sent(t, b.ask(0x70, nil, &wire.ProbeReq{Requested: []wire.ProbeType{wire.ProbeUptime, 99, wire.ProbeResponsibleSet}}, wire.ToNode(id(self))))
	contents, _ := wire.ParseContents(s.Contents)
	body, err := contents.Decode(nil)
	ans, ok := body.(*wire.ProbeAns)
	if err != nil || !ok || len(ans.Info) != 2 {
		t.Fatalf("answered %+v, %v", body, err)
	}
	if ans.Info[0].Type != wire.ProbeUptime || ans.Info[0].Value != 90 {
		t.Errorf("uptime %+v", ans.Info[0])
	}
	if share := ans.Info[1].Value; share != 62_500_000 { // 1/16 of the ring
		t.Errorf("responsible for %d parts per billion", share)
	}
}

// A neighbor whose link was given up and came back is asked for the Update it has no reason to send.
// RELOAD: ATT-8
func TestNeighborWithoutUpdateIsAskedForOne(t *testing.T) {
	b := newBench(t, 0x70, 0x90)
	b.link(0x85)
	out := b.ask(0x90, nil, &wire.UpdateReq{Type: wire.UpdateNeighbors, Predecessors: []wire.NodeID{id(0x85), id(self)}}, wire.ToNode(id(self)))
	asked := false
	for _, a := range out {
		if s, ok := a.(*peer.Send); ok && b.nodes[s.Link] == id(0x85) && s.Contents[1] == byte(wire.CodeRouteQueryReq) {
			asked = true
		}
	}
	if !asked {
		t.Errorf("not asked: %+v", out)
	}
}
