package redir_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"tandem/overlay"
	"tandem/overlay/overlaytest"
	"tandem/overlay/redir"
	"tandem/overlay/redir/tree"
	"tandem/overlay/store"
	"tandem/overlay/wire"
)

// *overlay.Node is what this package asks for.
var _ redir.Overlay = (*overlay.Node)(nil)

const namespace = "voice-mail"

// offer registers n until the returned function is called.
func offer(t *testing.T, n *overlay.Node) (withdraw func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	pub := redir.Register(ctx, n, namespace, overlaytest.Logger(t))
	withdraw = func() { cancel(); pub.Wait() }
	t.Cleanup(withdraw)
	select {
	case <-pub.Ready():
	case <-t.Context().Done():
		t.Fatalf("not registered: %v", pub.Err())
	}
	return withdraw
}

// ringOrder sorts nodes by their distance from key.
func ringOrder(key wire.NodeID, nodes ...*overlay.Node) []wire.NodeID {
	var ids []wire.NodeID
	for _, n := range nodes {
		ids = append(ids, n.NodeID())
	}
	slices.SortFunc(ids, wire.NodeID.Compare)
	i := slices.IndexFunc(ids, func(id wire.NodeID) bool { return id.Compare(key) >= 0 })
	return slices.Concat(ids[max(i, 0):], ids[:max(i, 0)])
}

func find(t *testing.T, n *overlay.Node, key wire.NodeID) []wire.NodeID {
	t.Helper()
	found, err := redir.Find(t.Context(), n, namespace, key)
	if err != nil {
		t.Fatal(err)
	}
	var ids []wire.NodeID
	for _, p := range found {
		ids = append(ids, p.NodeID)
	}
	return ids
}

// RELOAD: RDR-4 RDR-5 RDR-6
func TestRegisterFindWithdraw(t *testing.T) {
	w := overlaytest.New(t, nil)
	first := w.First()
	second := w.Peer()
	w.WaitJoined(second)
	w.WaitRing(first, second)
	client := w.Client("alice@" + overlaytest.Name)
	provider := w.Client("mailbox@" + overlaytest.Name) // clients may provide, too

	if _, err := redir.Find(t.Context(), client, namespace, client.NodeID()); !errors.Is(err, redir.ErrNoProvider) {
		t.Errorf("before anybody has registered: got %v, want %v", err, redir.ErrNoProvider)
	}
	withdrawFirst := offer(t, first)
	offer(t, second)
	offer(t, provider)
	for i := range 5 {
		key := redir.Key(fmt.Appendf(nil, "user%d@%s", i, overlaytest.Name))
		if got, want := find(t, client, key), ringOrder(key, first, second, provider); !slices.Equal(got, want) {
			t.Errorf("find %v: got %v, want %v", key, got, want)
		}
	}
	found, err := redir.Find(t.Context(), client, namespace, provider.NodeID())
	if err != nil || !slices.Equal(found[0].Path, provider.Path()) || found[0].User != provider.User() {
		t.Errorf("find the client: got %+v, %v, want its path %v first", found, err, provider.Path())
	}

	withdrawFirst()
	key := redir.Key([]byte("x"))
	if got, want := find(t, client, key), ringOrder(key, second, provider); !slices.Equal(got, want) {
		t.Errorf("after the first has withdrawn: got %v, want %v", got, want)
	}
}

// RFC 7374 5: a node must not store what leads to another, nor where it has no place.
// RELOAD: ACL-2 AMB-11
func TestAccessControl(t *testing.T) {
	w := overlaytest.New(t, nil)
	first := w.First()
	eve := w.Client("eve@" + overlaytest.Name)
	ctx := w.Context()
	shape := tree.New(10)
	own := shape.Node(1, tree.Number(eve.NodeID()))
	put := func(node uint16, at wire.ResourceID, key wire.NodeID) error {
		r := wire.RedirServiceProvider{Route: eve.Path(), Namespace: namespace, Level: 1, Node: node}
		data, err := r.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		return eve.Store(ctx, at, wire.KindReDiR, overlay.Value{Key: wire.NodeKey(key), Exists: true, Data: data, Lifetime: time.Minute})
	}
	if err := put(own, store.RedirResource(namespace, 1, own), eve.NodeID()); err != nil {
		t.Errorf("store in one's own tree node: %v", err)
	}
	for name, err := range map[string]error{
		"under another's key":    put(own, store.RedirResource(namespace, 1, own), first.NodeID()),
		"in another tree node":   put((own+1)%10, store.RedirResource(namespace, 1, (own+1)%10), eve.NodeID()),
		"at another Resource-ID": put(own, store.RedirResource(namespace, 0, 0), eve.NodeID()),
		"of another namespace":   put(own, store.RedirResource("pstn-gateway", 1, own), eve.NodeID()),
	} {
		if !errors.Is(err, wire.ErrorForbidden) {
			t.Errorf("store %s: got %v, want %v", name, err, wire.ErrorForbidden)
		}
	}
}
