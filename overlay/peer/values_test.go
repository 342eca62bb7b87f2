package peer_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"tandem/overlay/peer"
	"tandem/overlay/sim"
	"tandem/overlay/wire"
)

// holders are the live peers that have a value, asked one by one.
func holders(t *testing.T, w *sim.World, s sim.Stored) (ids []wire.NodeID) {
	t.Helper()
	open := 0
	asker := w.Peers()[0]
	for _, p := range w.Peers() {
		open++
		req := peer.Request{Dest: []wire.Destination{wire.ToNode(p.ID)}, Body: &wire.FetchReq{
			Resource: s.Resource, Specifiers: []wire.Specifier{{Kind: s.Kind, Model: wire.ModelDictionary, Keys: []wire.DictionaryKey{s.Key}}}}}
		asker.Do(req, func(_ time.Time, r peer.Response, err error) {
			open--
			if err != nil {
				t.Errorf("asking %v: %v", p.ID, err)
			}
			if len(r.Values) == 1 && bytes.Equal(r.Values[0].Data.Value.Data, s.Data) {
				ids = append(ids, p.ID)
			}
		})
	}
	w.Until(func() bool { return open == 0 }, 20*time.Second)
	return ids
}

// replicated checks that the responsible peer and the two behind it have a value.
func replicated(t *testing.T, w *sim.World, s sim.Stored) {
	t.Helper()
	owner := w.Responsible(s.Resource)
	if len(owner) != 1 {
		t.Fatalf("%d peers are responsible", len(owner))
	}
	have := holders(t, w, s)
	for _, want := range append(owner[0].Core.State().Successors[:2], owner[0].ID) {
		if !slices.Contains(have, want) {
			t.Errorf("%v has no copy of %q; %d have", want, s.Data, len(have))
		}
	}
}

// 10.4: a stored value is at the responsible peer and its next two successors; 10.7.3: still so when peers have come and gone.
// RELOAD: REP-1 REP-2
func TestReplicasFollowTheRing(t *testing.T) {
	for seed := range uint64(4) {
		w := ring(t, seed, 8)
		v := register(t, w, w.Peers()[2], "value")
		w.Run(time.Second)
		replicated(t, w, v)
		for i := range 8 {
			w.Add(nil)
			settle(t, w, 9+i, 10*time.Second)
		}
		w.Run(time.Second)
		replicated(t, w, v)
		for i := range 10 {
			w.Peers()[i%3].Kill()
			w.Run(45 * time.Second) // hold-down, then new replicas
			replicated(t, w, v)
		}
	}
}

// A peer that said goodbye does not come back, so what it kept is copied at once: both replicas leave, the responsible peer dies
// right after them, long before a hold-down would be over, and the value is still there.
func TestNoHoldDownAfterGoodbye(t *testing.T) {
	for seed := range uint64(4) {
		w := ring(t, seed, 8)
		v := register(t, w, w.Peers()[2], "value")
		w.Run(time.Second)
		owner := w.Responsible(v.Resource)[0]
		for _, p := range w.Peers() {
			if slices.Contains(owner.Core.State().Successors[:2], p.ID) {
				p.Leave()
			}
		}
		w.Run(2 * time.Second)
		owner.Kill()
		settle(t, w, 5, 5*time.Second)
		find(t, w, w.Peers()[0], v)
	}
}

// A value of many entries crosses in as many StoreReqs as the message size makes necessary, certificates included.
// RELOAD: JN-1 UPD-4 SIG-7
func TestLargeResourceIsHandedOver(t *testing.T) {
	w := sim.NewWorld(4)
	w.Settings.MaxMessageSize = 1500
	a := w.Add(first)
	at, kind := wire.HashResource(a.ID[:]), wire.KindCertificateByNode
	stored := 0
	for i := range 8 {
		d := wire.StoredData{StorageTime: wire.Timestamp(i + 1), Lifetime: time.Hour,
			Value: wire.StoredValue{Model: wire.ModelArray, Index: uint32(i), Exists: true, Data: bytes.Repeat([]byte{byte(i)}, 500)}}
		a.SignValue(at, kind, &d)
		a.Do(peer.Request{Dest: []wire.Destination{wire.ToResource(at)}, Body: &wire.StoreReq{Resource: at,
			Kinds: []wire.StoreKindData{{Kind: kind, Values: []wire.StoredData{d}}}}},
			func(_ time.Time, _ peer.Response, err error) {
				if err == nil {
					stored++
				}
			})
	}
	w.Run(time.Second)
	for range 4 {
		w.Add(nil)
	}
	settle(t, w, 5, 20*time.Second)
	w.Run(time.Second)
	a.Kill()
	settle(t, w, 4, 5*time.Second)
	got := 0
	for i := range 8 {
		sp := wire.Specifier{Kind: kind, Model: wire.ModelArray, Ranges: []wire.ArrayRange{{First: uint32(i), Last: uint32(i)}}}
		w.Peers()[1].Do(peer.Request{Dest: []wire.Destination{wire.ToResource(at)}, Body: &wire.FetchReq{Resource: at, Specifiers: []wire.Specifier{sp}}},
			func(_ time.Time, r peer.Response, err error) {
				if err == nil && len(r.Values) == 1 && r.Values[0].Signer.NodeID == a.ID {
					got++
				}
			})
	}
	w.Run(5 * time.Second)
	if stored != 8 || got != 8 {
		t.Errorf("%d of 8 values stored, %d found after the storing node died", stored, got)
	}
}

// A value that is stored while the range it lies in is being handed over is not lost.
// RELOAD: JN-1 UPD-4
func TestStoringWhileOthersJoin(t *testing.T) {
	for seed := range uint64(10) {
		w := ring(t, seed, 3)
		newest := map[wire.ResourceID]int{}
		values := map[wire.ResourceID]sim.Stored{}
		for i := range 12 {
			w.Add(nil)
			for _, p := range w.Peers() {
				newest[wire.HashResource([]byte(p.User))] = i
				p.Register([]byte(fmt.Sprint(p.User, " ", i)), func(s sim.Stored, err error) {
					switch {
					case newest[wire.HashResource([]byte(p.User))] != i: // a later one may have overtaken it
					case err != nil:
						t.Errorf("seed %d: store: %v", seed, err)
					default:
						values[s.Resource] = s
					}
				})
				w.Run(15 * time.Millisecond)
			}
		}
		settle(t, w, 15, 20*time.Second)
		w.Run(20 * time.Second)
		if len(values) != len(newest) {
			t.Errorf("seed %d: %d of %d stores came through", seed, len(values), len(newest))
		}
		for i, p := range w.Peers() {
			if v, ok := values[wire.HashResource([]byte(p.User))]; ok {
				find(t, w, w.Peers()[14-i], v)
			}
		}
	}
}

// 6.4.2.3, 7.4.1.1: when two parts of an overlay become one, values of both are found, and of two versions the newer one.
// RELOAD: STO-9 STO-12 UPD-4
func TestPartsMergeTheirValues(t *testing.T) {
	for seed := range uint64(4) {
		w := sim.NewWorld(seed)
		w.Settings.UpdateInterval = 20 * time.Second
		a, b := w.Add(first), w.Add(first)
		a.Bootstrap, b.Bootstrap = nil, nil
		for i := range 6 {
			n := w.Add(nil)
			n.Bootstrap = append(n.Bootstrap, []*sim.Node{a, b}[i%2].Addr())
		}
		var values []sim.Stored
		w.Run(time.Second)
		for _, p := range w.Peers() {
			values = append(values, register(t, w, p, p.User))
		}
		for _, n := range w.Nodes() {
			n.Bootstrap = nil // from now on everybody knows everybody's address
		}
		settle(t, w, 8, 5*time.Minute)
		w.Run(time.Minute)
		for i, v := range values {
			if err := lookup(w, w.Peers()[i%8], v); err != nil {
				t.Errorf("seed %d: %v", seed, err)
			}
		}
	}
}

// 10.7.1: a peer that is there no more, though its link says nothing, is found out by its silence.
// RELOAD: FAIL-1
func TestSilentPeerIsGivenUp(t *testing.T) {
	b := newBench(t, 0x70, 0x90)
	b.ask(0x90, nil, &wire.UpdateReq{Type: wire.UpdateNeighbors, Predecessors: []wire.NodeID{id(0x80)}}, wire.ToNode(id(self)))
	closed := map[wire.NodeID]bool{}
	for b.now.Before(start.Add(15 * time.Minute)) { // an Update comes every ten minutes
		b.now = b.core.Deadline()
		b.core.Timeout(b.now)
		for _, a := range b.core.Outbox() {
			if c, ok := a.(*peer.Close); ok {
				closed[b.nodes[c.Link]] = true
			}
		}
	}
	if !closed[id(0x70)] || !closed[id(0x90)] || len(b.core.State().Successors) != 0 {
		t.Errorf("closed links to %v; state %+v", closed, b.core.State())
	}
}

// 6.3.2.1, 6.5.4: a newer document spreads to everybody, also to those that only come by later.
// RELOAD: SEQ-1 CFG-10
func TestDocumentSpreads(t *testing.T) {
	w := ring(t, 6, 6)
	for _, n := range w.Nodes() {
		n.OnDocument = func(raw []byte) error {
			n.Update(peer.Settings{Document: raw, Sequence: uint16(raw[0])})
			return nil
		}
	}
	w.Peers()[0].Update(peer.Settings{Document: []byte{1}, Sequence: 1})
	late := w.Add(nil) // with sequence 0
	late.OnDocument = func(raw []byte) error {
		late.Update(peer.Settings{Document: raw, Sequence: uint16(raw[0])})
		return nil
	}
	settle(t, w, 7, 40*time.Second)
	find(t, w, late, register(t, w, w.Peers()[3], "value"))
	find(t, w, w.Peers()[1], register(t, w, late, "value"))
}

// 10.7.3: "When peer x detects that it is no longer in the replica set for a resource R ... it SHOULD delete all data associated
// with R from its local store."
// RELOAD: REP-2
func TestOldReplicasAreForgotten(t *testing.T) {
	w := sim.NewWorld(9)
	w.Settings.UpdateInterval = 30 * time.Second
	first := w.Add(first)
	v := register(t, w, first, "value")
	for i := range 11 {
		w.Add(nil)
		settle(t, w, i+2, 10*time.Second)
	}
	w.Run(2 * time.Minute)
	if have := holders(t, w, v); len(have) < 3 || len(have) > 4 {
		t.Errorf("%d peers have the value, want the responsible one and two replicas", len(have))
	}
}
