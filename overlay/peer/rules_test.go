package peer_test

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"tandem/overlay/peer"
	"tandem/overlay/wire"
)

// bodiesSent are the requests and answers among actions, by the node they were sent to.
func (b *bench) bodiesSent(actions []peer.Action) map[wire.NodeID][]wire.Body {
	b.t.Helper()
	out := map[wire.NodeID][]wire.Body{}
	for _, a := range actions {
		s, ok := a.(*peer.Send)
		if !ok || s.Forward != nil {
			continue
		}
		contents, err := wire.ParseContents(s.Contents)
		if err != nil {
			b.t.Fatal(err)
		}
		body, err := contents.Decode(nil)
		if err != nil {
			b.t.Fatal(err)
		}
		to := b.nodes[s.Link]
		out[to] = append(out[to], body)
	}
	return out
}

// wait lets time pass, deadline by deadline, and returns what was done meanwhile.
func (b *bench) wait(d time.Duration) (done []peer.Action) {
	for end := b.now.Add(d); b.core.Deadline().Before(end); {
		b.now = b.core.Deadline()
		b.core.Timeout(b.now)
		done = append(done, b.core.Outbox()...)
	}
	return done
}

func attachReq(sendUpdate bool) *wire.AttachReq {
	return &wire.AttachReq{Attach: wire.Attach{Role: wire.RolePassive, SendUpdate: sendUpdate}}
}

// 10.6: "source-routed through the peer that named it": an Attach to a new neighbor goes by way of who told of it.
// RELOAD: ATT-9 UPD-3
func TestNewNeighborIsAttachedToThroughWhoNamedIt(t *testing.T) {
	b := newBench(t, 0x70, 0x90)
	out := b.ask(0x90, nil, &wire.UpdateReq{Type: wire.UpdateNeighbors, Predecessors: []wire.NodeID{id(0x85)}}, wire.ToNode(id(self)))
	for _, a := range append(out, b.wait(time.Second)...) {
		if s, ok := a.(*peer.Send); ok && s.Contents[1] == byte(wire.CodeAttachReq) {
			if want := []wire.Destination{wire.ToNode(id(0x90)), wire.ToNode(id(0x85))}; !slices.Equal(s.Header.Destinations, want) {
				t.Errorf("Attach to %v, want %v", s.Header.Destinations, want)
			}
			return
		}
	}
	t.Error("no Attach to the new neighbor")
}

// 6.5.1.2: when both attach at once, the one with the smaller Node-ID gives up its own and answers; the larger refuses.
// RELOAD: ATT-6
func TestBothAttachAtOnce(t *testing.T) {
	for _, tt := range []struct {
		other byte
		want  wire.ErrorCode
	}{{0x7f, wire.ErrorInProgress}, {0x85, 0}} {
		b := newBench(t, 0x70, 0x90)
		b.ask(0x90, nil, &wire.UpdateReq{Type: wire.UpdateNeighbors, Predecessors: []wire.NodeID{id(tt.other)}}, wire.ToNode(id(self)))
		b.wait(time.Second)
		out := b.ask(0x90, []wire.Destination{wire.ToNode(id(tt.other))}, attachReq(false), wire.ToNode(id(self)))
		var answer *peer.Send
		dialed := false
		for _, a := range out {
			switch a := a.(type) {
			case *peer.Send:
				answer = a
			case *peer.Dial:
				dialed = a.Node == id(tt.other)
			}
		}
		if got := errorOf(t, answer); got != tt.want || dialed != (tt.want == 0) {
			t.Errorf("Attach of %x while ours waits: answered by %v, dialed %v", tt.other, got, dialed)
		}
	}
}

// 6.5.1: who asks for an Update in its Attach gets one over the link.
// RELOAD: ATT-8
func TestAttachAsksForAnUpdate(t *testing.T) {
	for _, wants := range []bool{true, false} {
		b := newBench(t, 0x90)
		b.link(0x75)
		got := false
		for _, body := range b.bodiesSent(b.ask(0x75, nil, attachReq(wants), wire.ToNode(id(self))))[id(0x75)] {
			if u, ok := body.(*wire.UpdateReq); ok && u.Type == wire.UpdateFull {
				got = true
			}
		}
		if got != wants {
			t.Errorf("send_update %v: Update sent %v", wants, got)
		}
	}
}

// 10.7.3: the neighbors are told every chord-update-interval, though nothing has changed.
// RELOAD: UPD-2
func TestUpdateAtEveryInterval(t *testing.T) {
	b := newBench(t, 0x70, 0x90)
	told := map[wire.NodeID]int{}
	for b.now.Before(start.Add(21 * time.Minute)) {
		b.now = b.core.Deadline()
		b.core.Timeout(b.now)
		for _, a := range b.core.Outbox() {
			s, ok := a.(*peer.Send)
			if !ok || s.Contents[1] != byte(wire.CodeUpdateReq) {
				continue
			}
			if b.now.After(start.Add(time.Minute)) { // until then for what comes of the join
				told[b.nodes[s.Link]]++
			}
			ans := b.message(&wire.UpdateAns{}, wire.ToNode(id(self)))
			ans.Header.TransactionID = s.Header.TransactionID
			b.receive(b.nodes[s.Link][0], ans)
		}
	}
	for _, n := range []byte{0x70, 0x90} { // jitter is from half the interval
		if got := told[id(n)]; got < 2 || got > 4 {
			t.Errorf("%x was told %d times in 20 minutes", n, got)
		}
	}
}

// 10.9: who leaves says so to its neighbors, with its place and its other neighbors.
// RELOAD: LV-1
func TestLeaveTellsTheNeighbors(t *testing.T) {
	b := newBench(t, 0x70, 0x90)
	b.core.Leave(b.now, func(time.Time) {})
	leaves := map[wire.NodeID]*wire.LeaveReq{}
	for to, bodies := range b.bodiesSent(append(b.core.Outbox(), b.wait(10*time.Second)...)) {
		for _, body := range bodies {
			if l, ok := body.(*wire.LeaveReq); ok {
				leaves[to] = l
			}
		}
	}
	for _, n := range []byte{0x70, 0x90} {
		if l := leaves[id(n)]; l == nil || l.Node != id(self) {
			t.Errorf("%x was told %+v", n, l)
		}
	}
}

// 6.4.2.1: before it is in the ring a node answers Ping and Attach over the link they came by.
// RELOAD: RT-7 CLI-3
func TestJoiningNodeAnswersPingAndAttach(t *testing.T) {
	b := &bench{t: t, now: start, links: map[wire.NodeID]peer.LinkID{}, nodes: map[peer.LinkID]wire.NodeID{}}
	b.core = peer.New(peer.Config{
		Self: signer(id(self)), Overlay: wire.OverlayID("bench"), Settings: peer.Settings{Sequence: 7},
		Rand: rand.New(rand.NewPCG(1, 2)), Logger: slog.New(slog.DiscardHandler),
	}, b.now)
	b.link(0x70)
	for _, body := range []wire.Body{&wire.PingReq{}, attachReq(false)} {
		answered := false
		for _, a := range b.bodiesSent(b.ask(0x70, nil, body, wire.ToNode(id(self))))[id(0x70)] {
			answered = answered || a.Code() == body.Code().Answer()
		}
		if !answered {
			t.Errorf("%v was not answered", body.Code())
		}
	}
}

// 7.4.1.1: only the responsible peer takes a Store, and only replicas take copies.
// RELOAD: STO-3 STO-8 AMB-8
func TestStoreAtTheWrongPeerIsForbidden(t *testing.T) {
	at := resource(0x85) // of 90
	for replica := range uint8(2) {
		b := newBench(t, 0x70, 0x90)
		s := sent(t, b.ask(0x70, nil, &wire.StoreReq{Resource: at, Replica: replica}, wire.ToNode(id(self))))
		want := wire.ErrorForbidden
		if replica > 0 {
			b = newBench(t, 0x70, 0x90, 0xa0, 0xb0, 0xc0, 0xd0)
			s = sent(t, b.ask(0xd0, nil, &wire.StoreReq{Resource: resource(0xa8), Replica: replica}, wire.ToNode(id(self))))
		}
		if got := errorOf(t, s); got != want {
			t.Errorf("replica %d: answered by %v, want %v", replica, got, want)
		}
	}
}

// 6.3.2.3: an option that asks for it is copied into the answer, without its flags; others are not.
// RELOAD: OPT-2
func TestOptionIsCopiedIntoTheAnswer(t *testing.T) {
	b := newBench(t, 0x70)
	m := b.message(&wire.PingReq{}, wire.ToNode(id(self)))
	m.Header.Options = []wire.ForwardingOption{
		{Type: 9, Flags: wire.FlagResponseCopy, Value: []byte{1}}, {Type: 10, Value: []byte{2}},
	}
	got := sent(t, b.receive(0x70, m)).Header.Options
	if len(got) != 1 || got[0].Type != 9 || got[0].Flags != 0 || !slices.Equal(got[0].Value, []byte{1}) {
		t.Errorf("options of the answer: %+v", got)
	}
}

// 7.4.2.2: values whose signatures do not hold are discarded, and the asker is told that some are missing.
// RELOAD: FET-5 SIG-9
func TestFetchedValuesAreVerified(t *testing.T) {
	b := newBench(t, 0x90)
	writer := signer(id(1))
	at := wire.HashResource([]byte(writer.User))
	for i := 0; at[0] < 0x81 || at[0] > 0x8f; i++ { // a user whose registrations lie at 90
		writer.User = fmt.Sprint("user", i)
		at = wire.HashResource([]byte(writer.User))
	}
	var got peer.Response
	b.core.Do(b.now, peer.Request{Dest: []wire.Destination{wire.ToResource(at)}, Body: &wire.FetchReq{
		Resource: at, Specifiers: []wire.Specifier{{Kind: wire.KindSIPRegistration, Model: wire.ModelDictionary}},
	}}, func(_ time.Time, r peer.Response, err error) {
		if err != nil {
			t.Error(err)
		}
		got = r
	})
	ask := sent(t, b.core.Outbox())
	signature := wire.Signature{Hash: wire.HashSHA256, Algorithm: wire.SignatureECDSA, Value: []byte{1},
		Identity: wire.SignerIdentity{Type: wire.SignerCertHash, Hash: wire.HashSHA256, Digest: make([]byte, 32)}}
	kind := wire.StoreKindData{Kind: wire.KindSIPRegistration, Generation: 1}
	for i := range byte(3) {
		d := wire.StoredData{StorageTime: 1, Lifetime: time.Minute, Signature: signature,
			Value: wire.StoredValue{Model: wire.ModelDictionary, Key: wire.NodeKey(id(i + 1)), Exists: true, Data: []byte{i}}}
		if i == 2 { // there is nothing under this key
			d.Value.Exists, d.Value.Data, d.Signature = false, nil, wire.NoSignature()
		}
		kind.Values = append(kind.Values, d)
	}
	m := b.message(&wire.FetchAns{Kinds: []wire.StoreKindData{kind}}, wire.ToNode(id(self)))
	m.Header.TransactionID = ask.Header.TransactionID
	b.core.Receive(b.now, b.links[id(0x90)], m)
	for _, a := range b.core.Outbox() {
		if v, ok := a.(*peer.Verify); ok {
			b.core.Verified(b.now, v, signer(id(0x90)), []peer.ValueSigner{{Signer: writer}, {Err: wire.ErrMalformed}})
		}
	}
	if !got.Partial || len(got.Values) != 1 || got.Values[0].Signer.NodeID != id(1) {
		t.Errorf("got %+v, want the first value alone, partial", got)
	}
}

// 10.7.2: a lost finger is used no more, and another is searched at once, or soon: a coin is thrown (10.7.4.2).
// RELOAD: FAIL-3 FNG-2
func TestLostFingerIsReplaced(t *testing.T) {
	more := []byte{0x40, 0x48, 0x50, 0x58, 0xa4, 0xa8, 0xac, 0xb0}
	searches := 0
	for i := range more {
		b := newBench(t, append(slices.Clone(more[i:]), 0x60, 0x68, 0x70, 0x90, 0x98, 0xa0, 0xb8, 0xd0)...)
		far := wire.ToResource(resource(0xd8))
		if s := sent(t, b.ask(0xb8, nil, &wire.PingReq{}, far)); s == nil || b.nodes[s.Link] != id(0xd0) {
			t.Fatalf("before: sent %+v, want to the finger", s)
		}
		b.core.LinkDown(b.now, b.links[id(0xd0)])
		for _, a := range b.core.Outbox() {
			if s, ok := a.(*peer.Send); ok && s.Contents[1] == byte(wire.CodePingReq) && s.Header.Destinations[0].Type == wire.DestinationResource {
				searches++
			}
		}
		b.link(0x01)
		if s := sent(t, b.ask(0x01, nil, &wire.PingReq{}, far)); s == nil || b.nodes[s.Link] != id(0xb8) {
			t.Errorf("after: sent %+v, want to the closest peer before", s)
		}
	}
	if searches == 0 {
		t.Error("no search for another finger")
	}
}

// 6.5.1.1: the one who asks is passive, the one who answers active, and connects.
// RELOAD: ATT-2
func TestRolesOfAttach(t *testing.T) {
	b := newBench(t, 0x70, 0x90)
	out := b.ask(0x90, nil, &wire.UpdateReq{Type: wire.UpdateNeighbors, Predecessors: []wire.NodeID{id(0x85)}}, wire.ToNode(id(self)))
	var roles []string
	for _, bodies := range b.bodiesSent(append(out, b.wait(time.Second)...)) {
		for _, body := range bodies {
			if a, ok := body.(*wire.AttachReq); ok {
				roles = append(roles, a.Role)
			}
		}
	}
	out = b.ask(0x70, []wire.Destination{wire.ToNode(id(0x33))}, attachReq(false), wire.ToNode(id(self)))
	dialed := false
	for _, a := range out {
		if d, ok := a.(*peer.Dial); ok && d.Node == id(0x33) {
			dialed = true
		}
	}
	for _, body := range b.bodiesSent(out)[id(0x70)] {
		if a, ok := body.(*wire.AttachAns); ok {
			roles = append(roles, a.Role)
		}
	}
	if !slices.Equal(roles, []string{"passive", "active"}) || !dialed {
		t.Errorf("roles asking and answering: %q, dialed %v", roles, dialed)
	}
}
