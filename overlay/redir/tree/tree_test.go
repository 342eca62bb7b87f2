package tree

import (
	"errors"
	"fmt"
	"math/big"
	"math/rand"
	"slices"
	"sort"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tandem/overlay/store"
	"tandem/overlay/wire"
)

// stored is a tree in memory.
type stored map[Place][]*big.Int

func (s stored) fetch(p Place) ([]*big.Int, error) { return s[p], nil }

func (s stored) register(t *testing.T, tr Tree, k *big.Int) (visited []Place) {
	t.Helper()
	fetch := func(p Place) ([]*big.Int, error) {
		visited = append(visited, p)
		return s.fetch(p)
	}
	err := tr.Register(k, fetch, func(p Place) error {
		if !slices.ContainsFunc(s[p], func(id *big.Int) bool { return id.Cmp(k) == 0 }) {
			s[p] = append(s[p], k)
		}
		return nil
	})
	if err != nil {
		t.Fatalf("register %v: %v", k, err)
	}
	return visited
}

// levels renders the tree as figure 4 does: each level's tree nodes and who is in them.
func (s stored) levels() map[string][]int64 {
	out := make(map[string][]int64)
	for p, ids := range s {
		var v []int64
		for _, id := range ids {
			v = append(v, id.Int64())
		}
		slices.Sort(v)
		out[fmt.Sprintf("(%d,%d)", p.Level, p.Node)] = v
	}
	return out
}

func figure4(t *testing.T) (Tree, stored) {
	tr := Tree{Bits: 4, Branching: 2}
	s := make(stored)
	for _, id := range []int64{2, 3, 7, 4} {
		s.register(t, tr, big.NewInt(id))
	}
	return tr, s
}

// RFC 7374 7.1, figure 4.
// RELOAD: RDR-3
func TestRegistrationExample(t *testing.T) {
	_, s := figure4(t)
	want := map[string][]int64{
		"(0,0)": {2, 3, 4, 7},
		"(1,0)": {2, 3, 4, 7},
		"(2,0)": {2, 3},
		"(2,1)": {4, 7},
		"(3,1)": {3},
	}
	if diff := cmp.Diff(want, s.levels()); diff != "" {
		t.Errorf("after peers 2, 3, 7 and 4 have registered (-figure 4 +got):\n%s", diff)
	}
}

// RFC 7374 7.1: "peer 2 continues up in the tree all the way to the root ... The downward walk peer 2 does ends at
// level 2 since peer 2 is the only node in its interval at that level."
// RELOAD: RDR-3
func TestRegistrationOfTheFirst(t *testing.T) {
	got := make(stored).register(t, Tree{Bits: 4, Branching: 2}, big.NewInt(2))
	if want := []Place{{2, 0}, {1, 0}, {0, 0}}; !slices.Equal(got, want) {
		t.Errorf("visited %v, want %v", got, want)
	}
}

// RFC 7374 7.2: peer 5 finds peer 7 in the second tree node of level 2, with one Fetch.
// RELOAD: RDR-5
func TestLookupExample(t *testing.T) {
	tr, s := figure4(t)
	v, err := tr.visit(2, big.NewInt(5), s.fetch)
	if err != nil || !v.successor || v.between {
		t.Errorf("level 2 for key 5: got %+v, %v, want condition 3", v, err)
	}
	var visited []Place
	found, err := tr.Find(big.NewInt(5), func(p Place) ([]*big.Int, error) {
		visited = append(visited, p)
		return s.fetch(p)
	})
	if err != nil || found[0].Int64() != 7 {
		t.Errorf("find 5: got %v, %v, want 7 first", found, err)
	}
	if visited[0] != (Place{2, 1}) {
		t.Errorf("visited %v, want to begin at (2,1)", visited)
	}
	if v, _ := tr.visit(3, big.NewInt(5), s.fetch); v.successor {
		t.Errorf("level 3 for key 5: got %+v, want no successor", v)
	}
	if got := fmt.Sprint(found); got != "[7 2 3 4]" {
		t.Errorf("find 5: got %v, want the others in ring order as fallbacks", got)
	}
}

// RFC 7374 3, figure 3: the intervals of levels 0 and 1, and figure 2's numbering.
// RELOAD: RDR-2
func TestIntervals(t *testing.T) {
	tr := Tree{Bits: 4, Branching: 2}
	for _, row := range []struct {
		level, from, to, node, interval int
	}{
		{0, 0, 7, 0, 0}, {0, 8, 15, 0, 1},
		{1, 0, 3, 0, 0}, {1, 4, 7, 0, 1}, {1, 8, 11, 1, 0}, {1, 12, 15, 1, 1},
		{2, 2, 3, 0, 1}, {2, 4, 5, 1, 0}, {2, 14, 15, 3, 1},
	} {
		for k := row.from; k <= row.to; k++ {
			key := big.NewInt(int64(k))
			if n, i := tr.Node(row.level, key), tr.Interval(row.level, key); int(n) != row.node || i != row.interval {
				t.Errorf("I(%d,%d): tree node %d, interval %d, want %d, %d", row.level, k, n, i, row.node, row.interval)
			}
		}
	}
}

// RELOAD: RDR-2
func TestMaxLevel(t *testing.T) {
	for b, want := range map[int]int{10: 4, 2: 16, 16: 4, 256: 2, 1000: 1, 70000: 0} {
		if got := (Tree{Bits: 128, Branching: b}).MaxLevel(); got != want {
			t.Errorf("branching factor %d: deepest level %d, want %d", b, got, want)
		}
	}
}

// overlay/store decides with its own arithmetic whether a node may stand in a tree node.
// RELOAD: RDR-2
func TestNodeAgreesWithTheAccessControl(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	for _, b := range []int{2, 3, 10, 16} {
		tr := New(b)
		for range 50 {
			var id wire.NodeID
			r.Read(id[:])
			for level := range tr.MaxLevel() + 1 {
				want, ok := store.RedirNode(id, uint16(level), b)
				if got := tr.Node(level, Number(id)); !ok || got != want {
					t.Errorf("branching factor %d, level %d, %v: tree node %d, want %d, %v", b, level, id, got, want, ok)
				}
			}
		}
	}
}

// Whatever the tree, the first provider found is the closest successor, once everybody has registered twice.
// RELOAD: RDR-5
func TestFindIsTheSuccessor(t *testing.T) {
	for seed := range int64(40) {
		r := rand.New(rand.NewSource(seed))
		tr := Tree{Bits: 128, Branching: []int{2, 10, 3}[seed%3]}
		space := new(big.Int).Lsh(big.NewInt(1), tr.Bits)
		var ids []*big.Int
		s := make(stored)
		for range 1 + r.Intn(60) {
			ids = append(ids, new(big.Int).Rand(r, space))
		}
		for range 2 {
			for _, id := range ids {
				s.register(t, tr, id)
			}
		}
		sort.Slice(ids, func(i, j int) bool { return ids[i].Cmp(ids[j]) < 0 })
		for range 50 {
			k := new(big.Int).Rand(r, space)
			want := ids[0]
			for i := len(ids) - 1; i >= 0 && ids[i].Cmp(k) >= 0; i-- {
				want = ids[i]
			}
			fetches := 0
			got, err := tr.Find(k, func(p Place) ([]*big.Int, error) { fetches++; return s.fetch(p) })
			if err != nil || got[0].Cmp(want) != 0 {
				t.Errorf("seed %d: find %x: got %x, %v, want %x", seed, k, got, err, want)
			}
			if fetches > tr.MaxLevel()+3 {
				t.Errorf("seed %d: find %x took %d fetches", seed, k, fetches)
			}
		}
	}
}

func TestFindWithFewLooksIntoTheRoot(t *testing.T) {
	tr := New(10)
	s := make(stored)
	space := new(big.Int).Lsh(big.NewInt(1), 128)
	near := new(big.Int).Div(space, big.NewInt(3))
	far := new(big.Int).Div(space, big.NewInt(2))
	s.register(t, tr, near)
	s.register(t, tr, far)
	got, err := tr.Find(new(big.Int).Sub(near, big.NewInt(5)), s.fetch)
	if err != nil || len(got) != 2 || got[0].Cmp(near) != 0 {
		t.Errorf("got %x, %v, want the near one and the far one as fallback", got, err)
	}
}

func TestFindInAnEmptyTree(t *testing.T) {
	got, err := New(10).Find(big.NewInt(5), make(stored).fetch)
	if err != nil || len(got) != 0 {
		t.Errorf("got %v, %v, want nobody", got, err)
	}
}

func TestFindKeepsWhatItSawBeforeAnError(t *testing.T) {
	why := errors.New("no answer")
	calls := 0
	got, err := New(10).Find(big.NewInt(5), func(Place) ([]*big.Int, error) {
		if calls++; calls > 1 {
			return nil, why
		}
		return []*big.Int{big.NewInt(4)}, nil // a predecessor only: look further up
	})
	if err != nil || len(got) != 1 {
		t.Errorf("got %v, %v, want the one seen", got, err)
	}
	if _, err := New(10).Find(big.NewInt(5), func(Place) ([]*big.Int, error) { return nil, why }); !errors.Is(err, why) {
		t.Errorf("got %v, want %v", err, why)
	}
}

// A record may expire between two Fetches: the tree node below then knows nothing of what the one above promised.
// RELOAD: RDR-5
func TestFindEndsInAnInconsistentTree(t *testing.T) {
	tr := New(10)
	k := big.NewInt(5)
	s := stored{{2, 0}: {big.NewInt(4), big.NewInt(9)}}
	got, err := tr.Find(k, s.fetch)
	if err != nil || len(got) != 2 || got[0].Int64() != 9 {
		t.Errorf("got %v, %v, want 9 first", got, err)
	}
}
