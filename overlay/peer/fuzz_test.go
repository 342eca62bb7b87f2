package peer_test

import (
	"testing"
	"time"

	"tandem/overlay/peer"
	"tandem/overlay/sim"
	"tandem/overlay/wire"
)

// recorded are messages of every kind that an overlay exchanges, one of each code, as bytes.
func recorded(t testing.TB) (list [][]byte) {
	w := sim.NewWorld(5)
	seen := map[wire.MessageCode]bool{}
	w.Tap = func(m *wire.Message) {
		if seen[m.Code()] {
			return
		}
		seen[m.Code()] = true
		raw, err := m.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, raw)
	}
	w.Add(first)
	for range 5 {
		w.Add(nil)
	}
	w.Run(10 * time.Second)
	n, to := w.Peers()[0], w.Peers()[3]
	to.OnDocument = func([]byte) error { return nil }
	to.OnAppAttach = func(peer.Signer, *wire.AppAttachReq) (*wire.AppAttachAns, error) { return &wire.AppAttachAns{}, nil }
	n.Register([]byte("value"), func(s sim.Stored, _ error) { w.Peers()[4].Lookup(s, func(int, error) {}) })
	for _, body := range []wire.Body{
		&wire.StatReq{Specifiers: []wire.Specifier{{Kind: wire.KindSIPRegistration, Model: wire.ModelDictionary}}},
		&wire.PingReq{},
		&wire.FindReq{Resource: wire.ResourceID(to.ID), Kinds: []wire.KindID{wire.KindSIPRegistration}},
		&wire.ProbeReq{Requested: []wire.ProbeType{wire.ProbeUptime}},
		&wire.RouteQueryReq{SendUpdate: true, Destination: wire.ToNode(n.ID)},
		&wire.AppAttachReq{AppAttach: wire.AppAttach{Application: wire.ApplicationSIPS, Role: wire.RolePassive}},
		&wire.ConfigUpdateReq{Type: wire.ConfigUpdateConfig, Config: []byte("<overlay/>")},
	} {
		n.Do(peer.Request{Dest: []wire.Destination{wire.ToNode(to.ID)}, Body: body}, func(time.Time, peer.Response, error) {})
	}
	w.Run(5 * time.Second)
	w.Peers()[2].Leave()
	w.Run(10 * time.Second)
	return list
}

func TestRecordedMessagesAreOfEveryKind(t *testing.T) {
	if n := len(recorded(t)); n < 27 {
		t.Errorf("only %d kinds of messages seen", n)
	}
}

// Whatever comes by a link, with any node behind it, the core neither panics nor asks for more than a few things.
func FuzzReceive(f *testing.F) {
	for _, raw := range recorded(f) {
		f.Add(raw, false)
		f.Add(raw, true)
	}
	f.Fuzz(func(t *testing.T, raw []byte, here bool) {
		var m wire.Message
		if m.UnmarshalBinary(raw) != nil {
			return
		}
		b := newBench(t, 0x70, 0x90, 0xa0)
		m.Header.Overlay, m.Header.ConfigSequence = wire.OverlayID("bench"), 7
		if here { // past the routing, into what it asks for
			m.Header.Destinations = []wire.Destination{wire.ToNode(id(self))}
		}
		if out := b.receive(0x70, &m); len(out) > 20 {
			t.Errorf("%d actions for one message", len(out))
		}
		for range 20 {
			b.now = b.core.Deadline()
			b.core.Timeout(b.now)
			b.core.Outbox()
		}
	})
}

func BenchmarkForward(b *testing.B) {
	bn := newBench(nil, 0x10, 0x20, 0x30, 0x70, 0x90, 0xa0, 0xc0, 0xe0)
	m := &wire.Message{Contents: []byte{0, byte(wire.CodePingReq)}, Header: wire.ForwardingHeader{
		Overlay: wire.OverlayID("bench"), ConfigSequence: 7, TTL: 50, Fragment: wire.Whole, TransactionID: 9,
		Via: []wire.Destination{wire.ToNode(id(1)), wire.ToNode(id(2))}, Destinations: []wire.Destination{wire.ToResource(resource(0xb5))},
	}}
	b.ReportAllocs()
	for b.Loop() {
		bn.core.Receive(bn.now, bn.links[id(0x70)], m)
		if len(bn.core.Outbox()) != 1 {
			b.Fatal("not forwarded")
		}
	}
}

func BenchmarkReceive(b *testing.B) {
	bn := newBench(nil, 0x70, 0x90)
	contents, err := wire.MarshalContents(&wire.PingReq{})
	if err != nil {
		b.Fatal(err)
	}
	m := &wire.Message{Contents: contents, Header: wire.ForwardingHeader{
		Overlay: wire.OverlayID("bench"), ConfigSequence: 7, TTL: 50, Fragment: wire.Whole, Destinations: []wire.Destination{wire.ToNode(id(self))},
	}}
	b.ReportAllocs()
	for b.Loop() {
		m.Header.TransactionID++
		bn.core.Receive(bn.now, bn.links[id(0x70)], m)
		bn.core.Verified(bn.now, bn.core.Outbox()[0].(*peer.Verify), signer(id(0x70)), nil)
		if len(bn.core.Outbox()) != 1 {
			b.Fatal("not answered")
		}
	}
}
