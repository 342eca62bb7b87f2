package main

import (
	"os"
	"path/filepath"
	"testing"

	"tandem/overlay/enroll"
)

// A server peer stays the same node through starts and renewals, with the same key, so that a crash between two files
// leaves what fits together.
func TestIdentityOfServerPeer(t *testing.T) {
	t.Parallel()
	cfg := DefaultConfig()
	cfg.Data = t.TempDir()
	ca, err := enroll.NewAuthority(cfg.Overlay.Name, nil)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{cfg: cfg, ca: ca}
	first, err := a.identity()
	if err != nil {
		t.Fatal(err)
	}
	again, err := a.identity()
	if err != nil || !again.Certificate.Equal(first.Certificate) {
		t.Fatalf("the second start has another certificate, or %v", err)
	}
	if a.ca, err = enroll.NewAuthority(cfg.Overlay.Name, nil); err != nil { // another database: renewed at once
		t.Fatal(err)
	}
	key := filepath.Join(cfg.Data, serverIdentity, enroll.KeyFile)
	before, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	renewed, err := a.identity()
	if err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadFile(key)
	if err != nil || string(after) != string(before) {
		t.Errorf("renewing replaced the key, or %v", err)
	}
	if renewed.NodeID() != first.NodeID() || renewed.User != first.User || !a.issued(renewed) {
		t.Errorf("renewed as %v %s, was %v %s", renewed.NodeID(), renewed.User, first.NodeID(), first.User)
	}
}
