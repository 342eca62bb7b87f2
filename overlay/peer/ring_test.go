package peer_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"tandem/overlay/peer"
	"tandem/overlay/sim"
	"tandem/overlay/wire"
)

func first(c *peer.Config)  { c.First = true }
func client(c *peer.Config) { c.Client = true }

// ring returns a settled overlay of n peers.
func ring(t *testing.T, seed uint64, n int) *sim.World {
	t.Helper()
	w := sim.NewWorld(seed)
	w.Add(first)
	for range n - 1 {
		w.Add(nil)
	}
	settle(t, w, n, 30*time.Second)
	return w
}

func settle(t *testing.T, w *sim.World, peers int, d time.Duration) {
	t.Helper()
	for end := w.Now().Add(d); len(w.Peers()) != peers || len(w.Check()) != 0; w.Run(50 * time.Millisecond) {
		if w.Now().After(end) {
			t.Fatalf("after %v: %d of %d peers in the ring; wrong: %v", d, len(w.Peers()), peers, w.Check())
		}
	}
}

// register stores a registration of n's and fails the test if that takes too long.
func register(t *testing.T, w *sim.World, n *sim.Node, data string) sim.Stored {
	t.Helper()
	var got sim.Stored
	err := errors.New("no answer yet")
	n.Register([]byte(data), func(s sim.Stored, e error) { got, err = s, e })
	w.Until(func() bool { return err == nil }, 20*time.Second)
	if err != nil {
		t.Fatalf("store %q of %v: %v", data, n.ID, err)
	}
	return got
}

// find looks a value up from n.
func find(t *testing.T, w *sim.World, n *sim.Node, s sim.Stored) {
	t.Helper()
	if err := lookup(w, n, s); err != nil {
		t.Fatalf("lookup of %q at %v from %v: %v", s.Data, s.Resource, n.ID, err)
	}
}

func lookup(w *sim.World, n *sim.Node, s sim.Stored) error {
	done, err := false, error(nil)
	n.Lookup(s, func(_ int, e error) { done, err = true, e })
	if !w.Until(func() bool { return done }, 20*time.Second) {
		return errors.New("never answered")
	}
	return err
}

// RELOAD: CH-1 CLI-1
func TestAloneFirstPeerServesItselfAndItsClient(t *testing.T) {
	w := sim.NewWorld(1)
	p := w.Add(first)
	c := w.Add(client)
	if !w.Until(func() bool { return len(c.Core.Path()) == 2 }, 5*time.Second) {
		t.Fatalf("client is %v", c.Core.State().Phase)
	}
	find(t, w, c, register(t, w, p, "peer"))
	find(t, w, p, register(t, w, c, "client"))
}

// RELOAD: FAIL-1
func TestSurvivorOfTwoServesEverythingAtOnce(t *testing.T) {
	for seed := range uint64(10) {
		w := ring(t, seed, 2)
		a, b := w.Nodes()[0], w.Nodes()[1]
		va, vb := register(t, w, a, "a"), register(t, w, b, "b")
		w.Run(time.Second) // replicas
		a.Kill()
		w.Run(200 * time.Millisecond)
		if !b.Core.Responsible(va.Resource) || !b.Core.Responsible(vb.Resource) {
			t.Fatalf("seed %d: the survivor is not responsible for everything", seed)
		}
		find(t, w, b, va)
		find(t, w, b, vb)
	}
}

// RELOAD: FAIL-1 LV-1 REP-2
func TestValuesSurviveKillsAndLeaves(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := ring(t, seed, 16)
			var values []sim.Stored
			for _, n := range w.Peers() {
				values = append(values, register(t, w, n, n.User))
			}
			left := 16
			for left > 4 {
				victim := w.Peers()[w.Rand().IntN(left)]
				if left%2 == 0 {
					victim.Kill()
				} else {
					victim.Leave()
				}
				left--
				settle(t, w, left, 5*time.Second)
				fresh := register(t, w, w.Peers()[0], fmt.Sprint("after ", left))
				values[userNumber(w.Peers()[0])] = fresh
				for i, v := range values {
					find(t, w, w.Peers()[i%left], v)
				}
				w.Run(40 * time.Second) // beyond the hold-down of 30 s
			}
		})
	}
}

func userNumber(n *sim.Node) (i int) {
	fmt.Sscanf(n.User, "user%d@sim", &i)
	return i
}

// RELOAD: JN-2
func TestPeersCanJoinWhileOthersAreKilled(t *testing.T) {
	for seed := range uint64(10) {
		w := ring(t, seed, 8)
		for range 6 {
			w.Add(nil)
			w.Run(time.Duration(w.Rand().IntN(300)) * time.Millisecond)
			w.Peers()[w.Rand().IntN(len(w.Peers()))].Kill()
			w.Add(nil)
		}
		settle(t, w, 14, 40*time.Second)
	}
}

// RELOAD: CLI-1
func TestClientIsReachedThroughItsPeer(t *testing.T) {
	w := ring(t, 3, 8)
	c, other := w.Add(client), w.Add(client)
	ok := w.Until(func() bool { return len(c.Core.Path()) == 2 && len(other.Core.Path()) == 2 }, 5*time.Second)
	if !ok {
		t.Fatal("clients are not attached")
	}
	w.Run(3 * time.Second) // both settle at the peers responsible for them
	asked := 0
	c.OnAppAttach = func(from peer.Signer, req *wire.AppAttachReq) (*wire.AppAttachAns, error) {
		asked++
		return &wire.AppAttachAns{AppAttach: wire.AppAttach{Application: req.Application, Role: wire.RoleActive}}, nil
	}
	for _, from := range []*sim.Node{other, w.Peers()[0], w.Peers()[5]} {
		if err := appAttach(w, from, c.Core.Path(), c.ID); err != nil {
			t.Errorf("AppAttach from %v: %v", from.ID, err)
		}
	}
	if asked != 3 {
		t.Errorf("the client was asked %d times, not 3", asked)
	}
	if err := appAttach(w, other, other.Core.Path()[:1], other.Core.Path()[0].Node); !errors.Is(err, wire.ErrorNotFound) {
		t.Errorf("AppAttach to a peer that serves no application: %v", err)
	}
}

func appAttach(w *sim.World, from *sim.Node, dest []wire.Destination, to wire.NodeID) error {
	err := errors.New("never answered")
	done := false
	body := &wire.AppAttachReq{AppAttach: wire.AppAttach{Application: wire.ApplicationSIPS, Role: wire.RolePassive}}
	from.Do(peer.Request{Dest: dest, Body: body}, func(_ time.Time, r peer.Response, e error) {
		done, err = true, e
		if e == nil && r.From.NodeID != to {
			err = fmt.Errorf("answered by %v", r.From.NodeID)
		}
	})
	w.Until(func() bool { return done }, 20*time.Second)
	return err
}

// RELOAD: CLI-1
func TestClientSwitchesToAnotherPeer(t *testing.T) {
	for seed := range uint64(10) {
		w := ring(t, seed, 6)
		c := w.Add(client)
		if !w.Until(func() bool { return len(c.Core.Path()) == 2 }, 5*time.Second) {
			t.Fatal("client is not attached")
		}
		for left := 5; left >= 1; left-- {
			home := c.Core.Path()[0].Node
			for _, p := range w.Peers() {
				if p.ID == home {
					p.Kill()
				}
			}
			ok := w.Until(func() bool { return len(c.Core.Path()) == 2 && c.Core.Path()[0].Node != home }, 20*time.Second)
			if !ok {
				t.Fatalf("seed %d: client has no peer after its peer was killed, %d left", seed, left)
			}
			find(t, w, w.Peers()[0], register(t, w, c, fmt.Sprint(left)))
		}
	}
}

func TestNodeThatComesBackIsItself(t *testing.T) {
	for seed := range uint64(10) {
		w := ring(t, seed, 6)
		old := w.Peers()[3]
		v := register(t, w, old, "before")
		w.Run(time.Second)
		old.Kill()
		again := w.AddAs(old.ID, old.User, nil)
		settle(t, w, 6, 20*time.Second)
		find(t, w, again, v)
	}
}

// RELOAD: PART-1 UPD-3
func TestPartsOfARingFindEachOther(t *testing.T) {
	for seed := range uint64(5) {
		w := sim.NewWorld(seed)
		w.Settings.UpdateInterval = 30 * time.Second
		a := w.Add(first)
		b := w.Add(first) // a second overlay of the same name
		for i := range 8 {
			w.Add(nil).Bootstrap = nil
			_ = i
		}
		_, _ = a, b
		settle(t, w, 10, 5*time.Minute)
	}
}

// RELOAD: FAIL-2
func TestPeerWithoutLinksComesBack(t *testing.T) {
	for seed := range uint64(5) {
		w := ring(t, seed, 8)
		n := w.Peers()[2]
		v := register(t, w, n, "value")
		n.CutLinks()
		settle(t, w, 8, 20*time.Second)
		find(t, w, w.Peers()[5], v)
	}
}

// A client has two peers whenever there are two, whichever of them it came by.
func TestClientHasTwoPeers(t *testing.T) {
	for seed := range uint64(10) {
		w := ring(t, seed, 3)
		c := w.Add(client)
		if !w.Until(func() bool { return len(c.Core.State().Connected) == 2 }, 3*time.Second) {
			t.Errorf("seed %d: links to %v", seed, c.Core.State().Connected)
		}
	}
}

// 11.1: clients-permitted false: whoever comes becomes a peer.
// RELOAD: CLI-1
func TestWhereNoClientsArePermitted(t *testing.T) {
	w := sim.NewWorld(2)
	w.Settings.NoClients = true
	w.Add(first)
	w.Add(client)
	settle(t, w, 2, 10*time.Second)
}
