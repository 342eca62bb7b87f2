package sipusage_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

	"tandem/overlay"
	"tandem/overlay/cert"
	"tandem/overlay/overlaytest"
	"tandem/overlay/sipusage"
	"tandem/overlay/wire"
)

// *overlay.Node is what this package asks for.
var _ sipusage.Overlay = (*overlay.Node)(nil)

func at(name string) string { return name + "@" + overlaytest.Name }

// register keeps n's user registered until the returned function is called.
func register(t *testing.T, n *overlay.Node) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	pub, err := sipusage.Register(ctx, n, n.User(), overlaytest.Logger(t))
	if err != nil {
		t.Fatal(err)
	}
	stop = func() { cancel(); pub.Wait() }
	t.Cleanup(stop)
	select {
	case <-pub.Ready():
	case <-t.Context().Done():
		t.Fatalf("not registered: %v", pub.Err())
	}
	return stop
}

// forward stores a registration of n's user that leads to another AoR.
func forward(t *testing.T, n *overlay.Node, to string) {
	t.Helper()
	r := wire.SIPRegistration{Type: wire.SIPRegistrationURI, URI: to}
	data, err := r.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	err = n.Store(t.Context(), wire.HashResource([]byte(n.User())), wire.KindSIPRegistration,
		overlay.Value{Key: wire.NodeKey(n.NodeID()), Exists: true, Data: data, Lifetime: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
}

func nodes(contacts []sipusage.Contact) (ids []wire.NodeID) {
	for _, c := range contacts {
		ids = append(ids, c.NodeID)
	}
	slices.SortFunc(ids, wire.NodeID.Compare)
	return ids
}

func sorted(list ...*overlay.Node) (ids []wire.NodeID) {
	for _, n := range list {
		ids = append(ids, n.NodeID())
	}
	slices.SortFunc(ids, wire.NodeID.Compare)
	return ids
}

// RELOAD: SIP-3 APP-2
func TestRegisterLocateConnect(t *testing.T) {
	w := overlaytest.New(t, nil)
	w.First()
	alice := w.Client(at("alice"))
	desk, cell := w.Client(at("bob")), w.Client(at("bob"))
	register(t, desk)
	stopCell := register(t, cell)

	found, err := sipusage.Locate(t.Context(), alice, "sips:bob@OVERLAY.test;user=phone")
	if err != nil || !slices.Equal(nodes(found), sorted(desk, cell)) {
		t.Fatalf("locate bob: got %+v, %v, want both of his nodes", found, err)
	}
	for _, n := range []*overlay.Node{desk, cell} {
		n.HandleApp(overlay.AppSIPS, func(_ context.Context, conn *tls.Conn, from cert.Peer) {
			defer func() { _ = conn.Close() }()
			fmt.Fprintf(conn, "%s calls %v\n", from.User, n.NodeID())
		})
	}
	for _, c := range found {
		conn, peer, err := sipusage.Connect(t.Context(), alice, c)
		if err != nil {
			t.Fatal(err)
		}
		said, _ := io.ReadAll(conn)
		_ = conn.Close()
		if want := fmt.Sprintf("%s calls %v\n", at("alice"), c.NodeID); string(said) != want || peer.User != at("bob") {
			t.Errorf("connected to %s: %q, want bob: %q", peer.User, said, want)
		}
	}

	stopCell()
	if found, err := sipusage.Locate(t.Context(), alice, at("bob")); err != nil || !slices.Equal(nodes(found), sorted(desk)) {
		t.Errorf("after one phone stopped: got %+v, %v, want the other", found, err)
	}
	if _, err := sipusage.Locate(t.Context(), alice, at("carol")); !errors.Is(err, sipusage.ErrNotRegistered) {
		t.Errorf("locate carol: got %v, want %v", err, sipusage.ErrNotRegistered)
	}
}

// RFC 7904 4.2 step 2, and 8.2.1: redirections are followed, loops end.
// RELOAD: SIP-3
func TestRedirection(t *testing.T) {
	w := overlaytest.New(t, nil)
	first := w.First()
	alice, bob, carol := w.Client(at("alice")), w.Client(at("bob")), w.Client(at("carol"))
	forward(t, alice, "sip:"+at("bob"))
	forward(t, bob, at("alice"))
	if _, err := sipusage.Locate(t.Context(), first, at("alice")); !errors.Is(err, sipusage.ErrNotRegistered) {
		t.Errorf("a loop: got %v, want %v", err, sipusage.ErrNotRegistered)
	}
	register(t, carol)
	forward(t, bob, at("carol"))
	found, err := sipusage.Locate(t.Context(), first, at("alice"))
	if err != nil || !slices.Equal(nodes(found), sorted(carol)) || found[0].AoR != at("carol") {
		t.Errorf("alice to bob to carol: got %+v, %v, want carol's node", found, err)
	}
	gruu, err := sipusage.GRUU(at("carol"), carol.Path())
	if err != nil {
		t.Fatal(err)
	}
	forward(t, bob, gruu)
	if found, err := sipusage.Locate(t.Context(), first, at("alice")); err != nil || !slices.Equal(nodes(found), sorted(carol)) {
		t.Errorf("alice to bob to carol's GRUU: got %+v, %v, want carol's node", found, err)
	}
}

// RELOAD: SIP-2
func TestRegisteringAnotherUserIsRefused(t *testing.T) {
	w := overlaytest.New(t, nil)
	w.First()
	eve := w.Client(at("eve"))
	ctx, cancel := context.WithCancel(t.Context())
	pub, err := sipusage.Register(ctx, eve, at("alice"), overlaytest.Logger(t))
	if err != nil {
		t.Fatal(err)
	}
	w.Until(func() string {
		if pub.Err() == nil {
			return "no refusal"
		}
		return ""
	})
	if !errors.Is(pub.Err(), wire.ErrorForbidden) {
		t.Errorf("got %v, want %v", pub.Err(), wire.ErrorForbidden)
	}
	cancel()
	pub.Wait()
	if _, err := sipusage.Register(t.Context(), eve, "nobody", overlaytest.Logger(t)); !errors.Is(err, sipusage.ErrBadAoR) {
		t.Errorf("got %v, want %v", err, sipusage.ErrBadAoR)
	}
}
