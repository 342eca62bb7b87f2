package chord

import (
	"math/rand/v2"
	"slices"
	"testing"

	"tandem/overlay/wire"
)

// 10.7.4.2: "the i'th Finger Table entry is valid if it is in the range [ x+2^( 128-i ), x+2^( 128-(i-1) )-1 ]".
// RELOAD: FNG-1
func TestFingerRanges(t *testing.T) {
	self := RandomID(0xdead_beef_0000_1234, 0x5678_0000_1111_2222)
	top := New(self.NodeID())
	rng := rand.New(rand.NewPCG(1, 1))
	for i := 1; i <= 128; i++ {
		first := self.Add(Power(128 - i))
		last := first.Add(Power(128 - i)).Sub(ID{lo: 1})
		if top.FingerStart(i) != first {
			t.Errorf("finger %d starts at %v, want %v", i, top.FingerStart(i), first)
		}
		if got := top.FingerOf(first.NodeID()); got != i {
			t.Errorf("the first point of finger %d is of finger %d", i, got)
		}
		if got := top.FingerOf(last.NodeID()); got != i {
			t.Errorf("the last point of finger %d is of finger %d", i, got)
		}
		p := top.FingerPoint(i, RandomID(rng.Uint64(), rng.Uint64()))
		if got := top.FingerOf(p.NodeID()); got != i {
			t.Errorf("a random point of finger %d is of finger %d", i, got)
		}
	}
}

// RELOAD: FNG-1 UPD-1
func TestFingersAreAscendingAndOnePerRange(t *testing.T) {
	top := topology(0x1000, 0x1001, 0x1002, 0x1003, 1<<63, 1<<63+1, 0x1000+1<<62, 0x10)
	got := top.Fingers()
	if !slices.IsSortedFunc(got, func(a, b wire.NodeID) int { return Node(a).Compare(Node(b)) }) {
		t.Errorf("not ascending: %v", got)
	}
	seen := map[int]bool{}
	for _, n := range got {
		if seen[top.FingerOf(n)] {
			t.Errorf("two fingers of range %d", top.FingerOf(n))
		}
		seen[top.FingerOf(n)] = true
	}
}

// RELOAD: FNG-2
func TestInvalidFingers(t *testing.T) {
	if got := topology(0, 1, 2, 3).InvalidFingers(); got != nil {
		t.Errorf("a ring of neighbors looks for %v", got)
	}
	// The third successor is at 1/32 of the ring: nobody unknown is nearer. Finger 2 has a peer, so has 5.
	top := topology(0, 1<<58, 1<<58+1, 1<<59, 1<<62+5)
	if got, want := top.InvalidFingers(), []int{1, 3, 4}; !slices.Equal(got, want) {
		t.Errorf("looks for fingers %v, want %v", got, want)
	}
}

func BenchmarkNextHop(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	top := New(RandomID(rng.Uint64(), rng.Uint64()).NodeID())
	for range 40 {
		top.Add(RandomID(rng.Uint64(), rng.Uint64()).NodeID())
	}
	for b.Loop() {
		top.NextHop(RandomID(rng.Uint64(), rng.Uint64()), nobody)
	}
}
