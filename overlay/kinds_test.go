package overlay_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"tandem/overlay"
	"tandem/overlay/config"
	"tandem/overlay/overlaytest"
	"tandem/overlay/wire"
)

// A Kind that only one node knows spreads to those who are asked to keep values of it, and to nobody by a stranger's word.
//
// RELOAD: CFG-10
func TestKindSpreads(t *testing.T) {
	w := overlaytest.New(t, nil)
	peers := []*overlay.Node{w.First(), w.Peer(), w.Peer()}
	w.WaitJoined(peers...)
	w.WaitRing(peers...)
	alice := w.Client("alice@" + overlaytest.Name)
	ctx := w.Context()
	photo := config.Kind{ID: 0xf0000077, Model: wire.ModelSingle, Access: "USER-MATCH", MaxCount: 1, MaxSize: 900}
	at := wire.HashResource([]byte(alice.User()))
	value := overlay.Value{Exists: true, Data: []byte("a photo"), Lifetime: time.Hour}
	if err := alice.Store(ctx, at, photo.ID, value); !errors.Is(err, wire.ErrorUnknownKind) {
		t.Errorf("store of a Kind that nobody knows: %v", err)
	}
	stranger, err := config.SignKind(photo, w.Identity("eve@"+overlaytest.Name))
	if err != nil {
		t.Fatal(err)
	}
	if err := alice.AddKinds(ctx, stranger); !errors.Is(err, config.ErrSignature) {
		t.Errorf("a stranger's Kind: %v", err)
	}
	if err := alice.AddKinds(ctx, w.SignKind(photo)); err != nil {
		t.Fatal(err)
	}
	if err := alice.Store(ctx, at, photo.ID, value); err != nil {
		t.Fatalf("store of a Kind that only alice knows: %v", err)
	}
	found, err := alice.Fetch(ctx, at, photo.ID)
	if err != nil || len(found) != 1 || !bytes.Equal(found[0].Data, value.Data) {
		t.Errorf("found %+v, %v", found, err)
	}
	w.Until(func() string { // the replicas learn it, too
		for _, p := range peers {
			if w.Status(p).Stored == 0 {
				return p.NodeID().String() + " keeps no replica"
			}
		}
		return ""
	})
}
