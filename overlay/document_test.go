package overlay_test

import (
	"errors"
	"testing"

	"tandem/overlay"
	"tandem/overlay/config"
	"tandem/overlay/overlaytest"
	"tandem/overlay/wire"
)

// RFC 6940 11.1: a node that cannot meet a new configuration leaves the overlay, and hands over what it stores.
// RELOAD: CFG-8 CFG-10
func TestNodeLeavesWhenItCannotMeetTheConfiguration(t *testing.T) {
	w := overlaytest.New(t, nil)
	first := w.First()
	second := w.Peer()
	w.WaitJoined(second)
	w.WaitRing(first, second)
	client := w.Client("alice@" + overlaytest.Name)
	data := record(t, w.Context(), client)

	next := *w.Document()
	next.Sequence = config.Next(next.Sequence)
	next.MandatoryExtensions = []string{"urn:example:nobody-knows-it"}
	if err := second.SetDocument(w.Context(), w.Sign(&next).Raw); !errors.Is(err, config.ErrUnsupported) {
		t.Errorf("a configuration with an unknown extension: %v, want %v", err, config.ErrUnsupported)
	}
	if err := second.Wait(w.Context()); !errors.Is(err, config.ErrUnsupported) {
		t.Errorf("the node ended with %v, want %v", err, config.ErrUnsupported)
	}
	w.Until(func() string {
		if _, err := second.Ping(w.Context(), []wire.Destination{wire.ToNode(second.NodeID())}); !errors.Is(err, overlay.ErrClosed) {
			return "the node is still there"
		}
		return ""
	})
	w.WaitRing(first)
	holds(w, first, client.User(), data)
	_ = client.Close()
	if err := client.Wait(w.Context()); err != nil {
		t.Errorf("a closed node: %v", err)
	}
}
