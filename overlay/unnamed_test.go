package overlay_test

import (
	"bytes"
	"testing"

	"tandem/overlay"
	"tandem/overlay/overlaytest"
)

// A node whose certificate has three Node-IDs says by Attach which one it goes by, and is part of the overlay as any other.
//
// RELOAD: RT-6
func TestCertificateWithSeveralNodeIDs(t *testing.T) {
	w := overlaytest.New(t, nil)
	first, second := w.First(), w.Peer()
	w.WaitJoined(second)
	odd := w.Start(func(c *overlay.Config) { c.Identity = w.IdentityOf("odd@"+overlaytest.Name, 3) })
	w.WaitJoined(odd)
	w.WaitRing(first, second, odd)
	client := w.Start(func(c *overlay.Config) {
		c.Client, c.Identity = true, w.IdentityOf("alice@"+overlaytest.Name, 2)
	})
	w.WaitJoined(client)
	data := record(t, w.Context(), client)
	for _, n := range []*overlay.Node{first, second, odd, client} {
		if got, err := fetched(w.Context(), n, client.User()); err != nil || !bytes.Equal(got, data) {
			t.Errorf("fetch by %v: got %x, %v, want %x", n.NodeID(), got, err, data)
		}
	}
}
