package sim_test

import (
	"testing"
	"time"

	"tandem/overlay/sim"
	"tandem/overlay/wire"
)

func ring(t *testing.T, seed uint64, n int) *sim.World {
	t.Helper()
	w := sim.NewWorld(seed)
	w.Add(first)
	for range n - 1 {
		w.Run(200 * time.Millisecond)
		w.Add(nil)
	}
	settle(t, w, n, 30*time.Second)
	return w
}

// A machine that vanishes says nothing: nobody knows before they try to use its links, or their keepalive fails.
func TestVanishedPeerIsFoundOut(t *testing.T) {
	t.Parallel()
	w := ring(t, 1, 12)
	gone := w.Peers()[5]
	gone.Vanish()
	w.Run(100 * time.Millisecond)
	if len(w.Check()) == 0 {
		t.Error("its neighbors know already")
	}
	settle(t, w, 11, 40*time.Second)
}

// A split overlay becomes two rings, which are one again after the split.
func TestSplitAndMerge(t *testing.T) {
	t.Parallel()
	w := ring(t, 2, 16)
	w.Split(func(n *sim.Node) int { return int(n.ID[0]) & 1 })
	w.Run(10 * time.Minute)
	if len(w.Check()) == 0 {
		t.Error("one ring while the network is split")
	}
	w.Heal()
	settle(t, w, 16, 20*time.Minute)
}

// Clocks that are off by some seconds disturb nothing.
func TestClockSkew(t *testing.T) {
	t.Parallel()
	w := sim.NewWorld(3)
	w.Skew = 20 * time.Second
	w.Add(first)
	for range 15 {
		w.Add(nil)
	}
	settle(t, w, 16, 30*time.Second)
	var stored []sim.Stored
	for _, p := range w.Peers() {
		p.Register([]byte(p.User), func(s sim.Stored, err error) {
			if err != nil {
				t.Error(err)
			}
			stored = append(stored, s)
		})
	}
	w.Run(5 * time.Second)
	for i, s := range stored {
		w.Peers()[i].Lookup(s, func(_ int, err error) {
			if err != nil {
				t.Error(err)
			}
		})
	}
	w.Run(5 * time.Second)
	if len(stored) != 16 {
		t.Errorf("%d values stored", len(stored))
	}
}

func TestChurnKeepsTheSize(t *testing.T) {
	t.Parallel()
	w := ring(t, 4, 30)
	before := w.Nodes()[len(w.Nodes())-1]
	stop := w.Churn(84 * time.Second)
	w.Run(2 * time.Minute)
	stop()
	w.Run(2 * time.Minute)
	settle(t, w, 30, 2*time.Minute)
	if last := w.Nodes()[len(w.Nodes())-1]; last == before {
		t.Error("nobody came")
	}
}

// A search finds what a plain lookup does not when the responsible peer denies it, drops or forges.
func TestSearchPastLiars(t *testing.T) {
	t.Parallel()
	for _, conduct := range []sim.Conduct{sim.Drops, sim.Denies, sim.Forges} {
		w := ring(t, 5, 40)
		var s sim.Stored
		w.Peers()[3].Register([]byte("value"), func(stored sim.Stored, err error) { s = stored })
		w.Run(2 * time.Second)
		owner := w.Owner(s.Resource)
		owner.Conduct = conduct
		asker := farFrom(w, s.Resource)
		plain, searched := 0, 0
		asker.Lookup(s, func(_ int, err error) {
			if err == nil {
				plain++
			}
		})
		asker.Search(s, func(values []sim.Stored) {
			for _, v := range values {
				if string(v.Data) != "value" {
					t.Errorf("accepted %q", v.Data)
				}
				searched++
			}
		})
		w.Run(time.Minute)
		if plain != 0 || searched != 1 {
			t.Errorf("conduct %v: found %d by a lookup and %d by a search", conduct, plain, searched)
		}
	}
}

// farFrom is a peer that keeps no copy of a resource.
func farFrom(w *sim.World, r wire.ResourceID) *sim.Node {
	holders := w.Holders(r)
	for _, p := range w.Peers() {
		if p != holders[0] && p != holders[1] && p != holders[2] {
			return p
		}
	}
	return nil
}
