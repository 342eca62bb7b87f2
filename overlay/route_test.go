package overlay_test

import (
	"errors"
	"math"
	"testing"

	"tandem/overlay"
	"tandem/overlay/overlaytest"
	"tandem/overlay/wire"
)

// RELOAD: RQ-1
func TestRouteEndsWithWhoIsResponsible(t *testing.T) {
	w := overlaytest.New(t, nil)
	peers := []*overlay.Node{w.First()}
	for range 3 {
		p := w.Peer()
		w.WaitJoined(p)
		peers = append(peers, p)
	}
	w.WaitRing(peers...)
	client := w.ClientOf(peers[1], "alice@"+overlaytest.Name, peers...)
	ctx := w.Context()
	share := 0.0
	for _, p := range peers {
		info, err := client.Probe(ctx, []wire.Destination{wire.ToResource(wire.ResourceID(p.NodeID()))})
		if err != nil || info.NodeID != p.NodeID() || info.User != p.User() {
			t.Errorf("probe of who is responsible for %v: %+v, %v", p.NodeID(), info, err)
		}
		share += info.Share
		for _, asker := range []*overlay.Node{client, peers[0]} {
			for _, to := range []wire.Destination{wire.ToResource(wire.ResourceID(p.NodeID())), wire.ToNode(p.NodeID())} {
				hops, err := asker.Route(ctx, to)
				if err != nil || hops[0].NodeID != asker.Path()[0].Node || hops[len(hops)-1].NodeID != p.NodeID() {
					t.Errorf("route to %v: %v, %v", to, hops, err)
				}
			}
		}
	}
	if math.Abs(share-1) > 1e-6 {
		t.Errorf("the peers' shares are %v together, want 1", share)
	}
	if hops, err := peers[2].Route(ctx, wire.ToNode(client.NodeID())); err != nil || hops[len(hops)-1].NodeID != client.NodeID() {
		t.Errorf("route to a client: %v, %v", hops, err)
	}
	nobody := w.Identity("nobody@" + overlaytest.Name).NodeID()
	if _, err := client.Route(ctx, wire.ToNode(nobody)); !errors.Is(err, overlay.ErrNotThere) {
		t.Errorf("route to nobody: %v, want %v", err, overlay.ErrNotThere)
	}
}
