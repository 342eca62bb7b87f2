package overlay_test

import (
	"testing"

	"tandem/overlay"
	"tandem/overlay/overlaytest"
	"tandem/overlay/wire"
)

// trafficOf is what a status says of one type of message.
func trafficOf(s overlay.Status, message string) overlay.Traffic {
	for _, t := range s.Traffic {
		if t.Message == message {
			return t
		}
	}
	return overlay.Traffic{}
}

func outcomeOf(s overlay.Status, message, result string) uint64 {
	for _, o := range s.Outcomes {
		if o.Message == message && o.Result == result {
			return o.Count
		}
	}
	return 0
}

func TestStatusCountsTraffic(t *testing.T) {
	w := overlaytest.New(t, nil)
	first := w.First()
	alice := w.Client("alice@" + overlaytest.Name)
	ctx := w.Context()
	record(t, ctx, alice)
	for range 2 {
		if _, err := fetched(ctx, alice, alice.User()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := fetched(ctx, alice, "nobody@"+overlaytest.Name); err == nil {
		t.Fatal("a value of nobody")
	}
	err := alice.Store(ctx, wire.HashResource([]byte("bob")), wire.KindSIPRegistration, overlay.Value{Key: wire.NodeKey(alice.NodeID()), Exists: true, Data: []byte{1, 0, 0}})
	if err == nil {
		t.Fatal("stored for another")
	}
	s, at := w.Status(alice), w.Status(first)
	for result, want := range map[string]uint64{"ok": 2, "nothing": 1, "refused": 0} {
		if got := outcomeOf(s, "fetch_req", result); got != want {
			t.Errorf("fetches with result %s: %d, want %d", result, got, want)
		}
	}
	if got := outcomeOf(s, "store_req", "refused"); got != 1 {
		t.Errorf("stores refused: %d, want 1", got)
	}
	sent, received := trafficOf(s, "fetch_req"), trafficOf(at, "fetch_req")
	if sent.Sent != 3 || received.Received != 3 || sent.SentBytes != received.ReceivedBytes || sent.SentBytes < 300 {
		t.Errorf("three fetches: sent %+v, received %+v", sent, received)
	}
	if answers := trafficOf(s, "error"); answers.Received != 1 {
		t.Errorf("errors received: %+v, want 1", answers)
	}
	if s.Via != first.NodeID().String() || s.Connected != 1 || s.CertificateEnds.IsZero() || s.Started.IsZero() {
		t.Errorf("status of a client: %+v", s)
	}
}
