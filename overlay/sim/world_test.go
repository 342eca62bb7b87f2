package sim_test

import (
	"fmt"
	"testing"
	"time"

	"tandem/overlay/peer"
	"tandem/overlay/sim"
)

func first(c *peer.Config) { c.First = true }

// quiet reports whether all live nodes are in the ring with the right neighbors.
func quiet(w *sim.World, peers int) func() bool {
	return func() bool { return len(w.Peers()) == peers && len(w.Check()) == 0 }
}

func settle(t *testing.T, w *sim.World, peers int, d time.Duration) {
	t.Helper()
	right := quiet(w, peers)
	for end := w.Now().Add(d); !right(); w.Run(100 * time.Millisecond) {
		if w.Now().After(end) {
			t.Fatalf("after %v: %d of %d peers in the ring; wrong: %v", d, len(w.Peers()), peers, w.Check())
		}
	}
}

// RELOAD: JN-1 RT-7
func TestPeersJoinOneAfterAnother(t *testing.T) {
	t.Parallel()
	for seed := range uint64(5) {
		w := sim.NewWorld(seed)
		w.Add(first)
		for i := 2; i <= 16; i++ {
			w.Add(nil)
			settle(t, w, i, 10*time.Second)
		}
	}
}

// RELOAD: JN-1 JN-2 ATT-6
func TestPeersJoinAtOnce(t *testing.T) {
	t.Parallel()
	for seed := range uint64(10) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := sim.NewWorld(seed)
			w.Add(first)
			for range 15 {
				w.Add(nil)
			}
			settle(t, w, 16, 30*time.Second)
		})
	}
}
