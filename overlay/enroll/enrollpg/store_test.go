package enrollpg_test

import (
	"context"
	"errors"
	"testing"

	"tandem/migrations/pgtest"
	"tandem/overlay/enroll/enrollpg"
)

func TestInstanceIsFoundedOnce(t *testing.T) {
	ctx := t.Context()
	s := enrollpg.New(pgtest.New(t))
	if _, err := s.Instance(ctx); !errors.Is(err, enrollpg.ErrNotFound) {
		t.Fatalf("an empty database has the instance error %v, want ErrNotFound", err)
	}
	first := enrollpg.Instance{Name: "example.org", CACertificate: []byte("certificate"), CAKey: []byte("key")}
	if _, err := s.Found(ctx, first); err != nil {
		t.Fatal(err)
	}
	got, err := s.Found(ctx, enrollpg.Instance{Name: "other", CACertificate: []byte("x"), CAKey: []byte("y")})
	if err != nil || got.Name != "example.org" || string(got.CAKey) != "key" {
		t.Errorf("a second Found gives %q, %v; the first must stand", got.Name, err)
	}
}

func TestPublishReachesWatchers(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := enrollpg.New(pgtest.New(t))
	if _, err := s.Found(ctx, enrollpg.Instance{Name: "example.org", CACertificate: []byte("c"), CAKey: []byte("k")}); err != nil {
		t.Fatal(err)
	}
	changed := make(chan struct{}, 4)
	watched := make(chan error, 1)
	go func() { watched <- s.Watch(ctx, func() { changed <- struct{}{} }) }()
	<-changed // listening

	node := [16]byte{15: 7}
	if err := s.Announce(ctx, enrollpg.Peer{NodeID: node, Address: "192.0.2.1:6084", Enrollment: "192.0.2.1:8443"}); err != nil {
		t.Fatal(err)
	}
	err := s.Publish(ctx, func(now enrollpg.Instance, peers []enrollpg.Peer) ([]byte, uint16, error) {
		if now.Document != nil || len(peers) != 1 || peers[0].NodeID != node || peers[0].Address != "192.0.2.1:6084" {
			t.Errorf("build was given document %q and peers %+v", now.Document, peers)
		}
		return []byte("<overlay/>"), 65534, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	<-changed
	got, err := s.Instance(ctx)
	if err != nil || string(got.Document) != "<overlay/>" || got.Sequence != 65534 {
		t.Errorf("after Publish: document %q, sequence %d, %v", got.Document, got.Sequence, err)
	}
	if err := s.Withdraw(ctx, node); err != nil {
		t.Fatal(err)
	}
	if peers, err := s.Peers(ctx); err != nil || len(peers) != 0 {
		t.Errorf("after Withdraw: peers %+v, %v", peers, err)
	}
	cancel()
	if err := <-watched; !errors.Is(err, context.Canceled) {
		t.Errorf("Watch ended with %v, want context.Canceled", err)
	}
}

// A build that finds nothing to change leaves the document alone.
func TestPublishNothing(t *testing.T) {
	ctx := t.Context()
	s := enrollpg.New(pgtest.New(t))
	if _, err := s.Found(ctx, enrollpg.Instance{Name: "example.org", CACertificate: []byte("c"), CAKey: []byte("k")}); err != nil {
		t.Fatal(err)
	}
	err := s.Publish(ctx, func(enrollpg.Instance, []enrollpg.Peer) ([]byte, uint16, error) { return nil, 0, nil })
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.Instance(ctx); err != nil || got.Document != nil {
		t.Errorf("document %q, %v; want none", got.Document, err)
	}
}
