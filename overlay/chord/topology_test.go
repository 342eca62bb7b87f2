package chord

import (
	"math/rand/v2"
	"slices"
	"testing"

	"tandem/overlay/wire"
)

func node(hi uint64) wire.NodeID { return num(hi).NodeID() }

func nodes(his ...uint64) (list []wire.NodeID) {
	for _, hi := range his {
		list = append(list, node(hi))
	}
	return list
}

func topology(self uint64, peers ...uint64) *Topology {
	t := New(node(self))
	for _, p := range peers {
		t.Add(node(p))
	}
	return t
}

func nobody(wire.NodeID) bool { return false }

// RELOAD: NBR-1
func TestNeighborTables(t *testing.T) {
	tests := []struct {
		name         string
		self         uint64
		peers        []uint64
		succs, preds []uint64
	}{
		{"alone", 50, nil, nil, nil},
		{"two", 50, []uint64{10}, []uint64{10}, []uint64{10}},
		{"three", 50, []uint64{10, 90}, []uint64{90, 10}, []uint64{10, 90}},
		{"eight", 50, []uint64{10, 20, 30, 40, 60, 70, 80}, []uint64{60, 70, 80}, []uint64{40, 30, 20}},
		{"across zero", 5, []uint64{10, 200, 210, 220, 230}, []uint64{10, 200, 210}, []uint64{230, 220, 210}},
		// 10.7.3: "A peer MUST NOT enter itself in its successor or predecessor table"
		{"itself", 50, []uint64{50, 60}, []uint64{60}, []uint64{60}},
	}
	for _, tt := range tests {
		top := topology(tt.self, tt.peers...)
		if got := top.Successors(); !slices.Equal(got, nodes(tt.succs...)) {
			t.Errorf("%s: successors %v, want %v", tt.name, got, tt.succs)
		}
		if got := top.Predecessors(); !slices.Equal(got, nodes(tt.preds...)) {
			t.Errorf("%s: predecessors %v, want %v", tt.name, got, tt.preds)
		}
	}
}

func TestAddRemove(t *testing.T) {
	top := topology(50, 10)
	if top.Add(node(10)) || !top.Add(node(20)) || !top.Has(node(20)) || top.Len() != 2 {
		t.Error("adding")
	}
	if !top.Remove(node(10)) || top.Remove(node(10)) || top.Has(node(10)) || top.Len() != 1 {
		t.Error("removing")
	}
}

// 10.1: "A peer, x, is responsible for a particular Resource-ID, k, if k is less than or equal to x and k is greater than p,
// where p is the Node-ID of the previous peer in the Neighbor Table."
// RELOAD: CH-1
func TestResponsible(t *testing.T) {
	tests := []struct {
		name  string
		self  uint64
		peers []uint64
		k     uint64
		want  bool
	}{
		{"own ID", 50, []uint64{40}, 50, true},
		{"the predecessor's ID", 50, []uint64{40}, 40, false},
		{"between", 50, []uint64{40, 60}, 45, true},
		{"behind", 50, []uint64{40, 60}, 51, false},
		{"across zero", 10, []uint64{40, 60}, 99, true},
		{"across zero, before the predecessor", 10, []uint64{40, 60}, 55, false},
		{"alone", 50, nil, 99, true},
	}
	for _, tt := range tests {
		if got := topology(tt.self, tt.peers...).Responsible(num(tt.k)); got != tt.want {
			t.Errorf("%s: %d responsible for %d = %v, want %v", tt.name, tt.self, tt.k, got, tt.want)
		}
	}
}

// Each point of a ring whose peers know each other has exactly one responsible peer, and everybody agrees who it is.
// RELOAD: CH-1
func TestOneIsResponsible(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for size := 1; size < 20; size++ {
		var tops []*Topology
		for range size {
			tops = append(tops, New(RandomID(rng.Uint64(), rng.Uint64()).NodeID()))
		}
		for _, a := range tops {
			for _, b := range tops {
				a.Add(b.Self())
			}
		}
		for range 100 {
			k := RandomID(rng.Uint64(), rng.Uint64())
			count := 0
			for _, a := range tops {
				if a.Responsible(k) {
					count++
				}
				if a.Owner(k) != tops[0].Owner(k) || a.Responsible(k) != (a.Owner(k) == a.Self()) {
					t.Fatalf("%v: disagreement about %v", a.Self(), k)
				}
			}
			if count != 1 {
				t.Fatalf("%d of %d peers are responsible for %v", count, size, k)
			}
		}
	}
}

// 10.3: "it MUST route the request to the peer in the Routing Table that has the largest Node-ID that is in the interval between
// the peer and k. If no such node is found, the peer finds the smallest Node-ID that is greater than k".
// RELOAD: RTE-1
func TestNextHop(t *testing.T) {
	top := topology(50, 10, 20, 60, 100, 200)
	tests := []struct {
		name    string
		k       uint64
		avoid   []uint64
		want    uint64
		nowhere bool
	}{
		{name: "directly connected", k: 100, want: 100},
		{name: "largest before", k: 150, want: 100},
		{name: "nobody before", k: 55, want: 60},
		{name: "around zero", k: 15, want: 10},
		{name: "just behind self", k: 51, want: 60},
		{name: "just before self", k: 49, want: 20},
		{name: "not back to where it came from", k: 150, avoid: []uint64{100}, want: 60},
		{name: "everybody before has seen it", k: 150, avoid: []uint64{60, 100}, want: 200},
		{name: "everybody has seen it", k: 150, avoid: []uint64{10, 20, 60, 100, 200}, nowhere: true},
	}
	for _, tt := range tests {
		got, ok := top.NextHop(num(tt.k), func(n wire.NodeID) bool { return slices.Contains(nodes(tt.avoid...), n) })
		if ok == tt.nowhere || ok && got != node(tt.want) {
			t.Errorf("%s: to %d by %v, %v; want %d", tt.name, tt.k, got, ok, tt.want)
		}
	}
}

// Routing by full tables reaches the responsible peer, each hop nearer to it.
// RELOAD: RTE-1
func TestRoutesArrive(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	tops := map[wire.NodeID]*Topology{}
	var ids []wire.NodeID
	for range 64 {
		id := RandomID(rng.Uint64(), rng.Uint64()).NodeID()
		tops[id] = New(id)
		ids = append(ids, id)
	}
	slices.SortFunc(ids, wire.NodeID.Compare)
	for i, id := range ids { // each knows its successor and predecessor only
		tops[id].Add(ids[(i+1)%len(ids)])
		tops[id].Add(ids[(i+len(ids)-1)%len(ids)])
	}
	for range 200 {
		k := RandomID(rng.Uint64(), rng.Uint64())
		at := ids[rng.IntN(len(ids))]
		for hops := 0; !tops[at].Responsible(k); hops++ {
			next, ok := tops[at].NextHop(k, nobody)
			if !ok || hops > len(ids) {
				t.Fatalf("%v was not reached from %v", k, at)
			}
			at = next
		}
	}
}

// RELOAD: UPD-3
func TestMissing(t *testing.T) {
	top := topology(50, 40, 60, 70, 80, 200)
	got := top.Missing(nodes(55, 50, 60, 75, 90, 45))
	if want := nodes(55, 45); !slices.Equal(got, want) {
		t.Errorf("missing %v, want %v", got, want)
	}
	if top.Has(node(55)) {
		t.Error("asking what is missing has changed the table")
	}
}

// 10.4, 10.7.3: the responsible peer and its next two successors keep a value; "when peer x detects that it is no longer in the
// replica set for a resource R (i.e., there are three predecessors between x and R)" it may go.
// RELOAD: REP-1
func TestReplicaSet(t *testing.T) {
	top := topology(50, 10, 20, 30, 40, 60)
	tests := []struct {
		k    uint64
		keep bool
	}{{45, true}, {35, true}, {25, true}, {20, false}, {15, false}, {55, false}}
	for _, tt := range tests {
		if got := top.Replicates(num(tt.k)); got != tt.keep {
			t.Errorf("keeps a replica of %d = %v, want %v", tt.k, got, tt.keep)
		}
	}
	if got := top.Replicas(); !slices.Equal(got, nodes(60, 10)) {
		t.Errorf("replicas are at %v", got)
	}
}

// 7.4.1.1: "replica StoreReqs MUST come from nodes which are either in the known replica set for a given resource or which are
// closer than some node in the replica set".
// RELOAD: STO-8
func TestMayReplicate(t *testing.T) {
	top := topology(50, 10, 20, 30, 40, 60)
	tests := []struct {
		name string
		k    uint64
		from uint64
		want bool
	}{
		{"the responsible peer", 35, 40, true},
		{"a peer that is closer, as yet unknown", 35, 37, true},
		{"the first replica", 25, 40, true},
		{"a peer behind us", 35, 60, false},
		{"three predecessors between: one may be about to go", 15, 20, true},
		{"too far away", 5, 10, false},
		{"what is ours, from anyone", 45, 60, true},
	}
	for _, tt := range tests {
		if got := top.MayReplicate(num(tt.k), node(tt.from)); got != tt.want {
			t.Errorf("%s: replica of %d from %d = %v, want %v", tt.name, tt.k, tt.from, got, tt.want)
		}
	}
}

// 6.3.4: an answer for a resource comes from a node at least as close as any we know.
// RELOAD: REQ-3
func TestAtLeastAsClose(t *testing.T) {
	top := topology(50, 40, 60)
	for signer, want := range map[uint64]bool{60: true, 58: true, 70: false, 50: false, 40: false} {
		if got := top.AtLeastAsClose(num(55), node(signer)); got != want {
			t.Errorf("%d answers for 55 = %v, want %v", signer, got, want)
		}
	}
}
