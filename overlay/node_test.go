package overlay_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"
	"time"

	"tandem/overlay"
	"tandem/overlay/cert"
	"tandem/overlay/config"
	"tandem/overlay/overlaytest"
	"tandem/overlay/wire"
)

// record stores something under the user of n that only n may store, and returns what was stored.
func record(t testing.TB, ctx context.Context, n *overlay.Node) []byte {
	t.Helper()
	r := wire.SIPRegistration{Type: wire.SIPRegistrationRoute, Route: n.Path(), ContactPrefs: n.NodeID().String()}
	data, err := r.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	err = n.Store(ctx, wire.HashResource([]byte(n.User())), wire.KindSIPRegistration,
		overlay.Value{Key: wire.NodeKey(n.NodeID()), Exists: true, Data: data, Lifetime: time.Hour})
	if err != nil {
		t.Fatalf("%s: %v", n.User(), err)
	}
	return data
}

// fetched returns the one value stored under user, as n sees it, or why there is none.
func fetched(ctx context.Context, n *overlay.Node, user string) ([]byte, error) {
	values, err := n.Fetch(ctx, wire.HashResource([]byte(user)), wire.KindSIPRegistration)
	if err != nil {
		return nil, err
	}
	if len(values) != 1 {
		return nil, fmt.Errorf("%d values of %s, want 1", len(values), user)
	}
	if values[0].Signer.User != user {
		return nil, fmt.Errorf("the value of %s is signed by %s", user, values[0].Signer.User)
	}
	return values[0].Data, nil
}

// holds waits until n finds data under user: after a failure requests get lost until the ring is repaired.
func holds(w *overlaytest.Network, n *overlay.Node, user string, data []byte) {
	ctx := w.Context()
	w.Until(func() string {
		got, err := fetched(ctx, n, user)
		if err == nil && bytes.Equal(got, data) {
			return ""
		}
		return fmt.Sprintf("fetch %s: got %x, %v, want %x", user, got, err, data)
	})
}

// RELOAD: CLI-2 CLI-3
func TestFirstPeerAndClient(t *testing.T) {
	w := overlaytest.New(t, nil)
	first := w.First()
	client := w.Client("alice@" + overlaytest.Name)
	ctx := w.Context()

	data := record(t, ctx, client)
	for _, n := range []*overlay.Node{first, client} {
		if got, err := fetched(ctx, n, client.User()); err != nil || !bytes.Equal(got, data) {
			t.Errorf("fetch by %v: got %x, %v, want %x", n.NodeID(), got, err, data)
		}
	}
	if got, want := client.Path(), []wire.Destination{wire.ToNode(first.NodeID()), wire.ToNode(client.NodeID())}; !slices.Equal(got, want) {
		t.Errorf("path of the client: got %v, want %v", got, want)
	}
	if s := w.Status(client); s.Stored != 0 {
		t.Errorf("a client stores nothing, got %+v", s)
	}
	pong, err := client.Ping(ctx, []wire.Destination{wire.ToNode(first.NodeID())})
	if err != nil || pong.From != first.NodeID() {
		t.Errorf("ping: got %+v, %v, want an answer of %v", pong, err, first.NodeID())
	}

	err = client.Store(ctx, wire.HashResource([]byte(client.User())), wire.KindSIPRegistration,
		overlay.Value{Key: wire.NodeKey(client.NodeID()), Lifetime: time.Hour})
	if err != nil {
		t.Errorf("remove: %v", err)
	}
	if got, err := fetched(ctx, first, client.User()); err == nil {
		t.Errorf("after removal: got %x, want nothing", got)
	}
}

// RELOAD: ACL-1 SIP-2
func TestStoreByTheWrongUserIsForbidden(t *testing.T) {
	w := overlaytest.New(t, nil)
	w.First()
	mallory := w.Client("mallory@" + overlaytest.Name)
	ctx := w.Context()
	err := mallory.Store(ctx, wire.HashResource([]byte("alice@"+overlaytest.Name)), wire.KindSIPRegistration,
		overlay.Value{Key: wire.NodeKey(mallory.NodeID()), Exists: true, Data: []byte{1, 0, 0}, Lifetime: time.Hour})
	if !errors.Is(err, wire.ErrorForbidden) {
		t.Errorf("store under alice: got %v, want %v", err, wire.ErrorForbidden)
	}
	err = mallory.Store(ctx, wire.HashResource([]byte(mallory.User())), wire.KindID(0xf0000099),
		overlay.Value{Exists: true, Data: []byte{1}, Lifetime: time.Hour})
	if !errors.Is(err, wire.ErrorUnknownKind) {
		t.Errorf("store of an unknown Kind: got %v, want %v", err, wire.ErrorUnknownKind)
	}
}

// RELOAD: JN-1
func TestFourPeers(t *testing.T) {
	w := overlaytest.New(t, nil)
	peers := []*overlay.Node{w.First()}
	for range 3 {
		p := w.Peer()
		w.WaitJoined(p)
		peers = append(peers, p)
	}
	w.WaitRing(peers...)
	ctx := w.Context()
	for _, p := range peers {
		data := record(t, ctx, p)
		for _, q := range peers {
			if got, err := fetched(ctx, q, p.User()); err != nil || !bytes.Equal(got, data) {
				t.Errorf("%v fetches %s: got %x, %v, want %x", q.NodeID(), p.User(), got, err, data)
			}
		}
	}
}

// RELOAD: JN-1 FAIL-1 LV-1
func TestSixteenPeersComeAndGo(t *testing.T) {
	w := overlaytest.New(t, nil)
	peers := []*overlay.Node{w.First()}
	for range 15 { // at the same time
		peers = append(peers, w.Peer())
	}
	w.WaitJoined(peers...)
	w.WaitRing(peers...)

	ctx := w.Context()
	stored := make(map[string][]byte)
	for _, p := range peers {
		stored[p.User()] = record(t, ctx, p)
	}
	everybodyFinds := func(alive []*overlay.Node) {
		t.Helper()
		var wg sync.WaitGroup
		for _, p := range alive {
			wg.Go(func() {
				for user, data := range stored {
					holds(w, p, user, data)
				}
			})
		}
		wg.Wait()
	}
	everybodyFinds(peers)

	_ = peers[5].Close() // one is killed
	peers = slices.Delete(peers, 5, 6)
	w.WaitRing(peers...)
	everybodyFinds(peers)

	for _, p := range peers[11:] { // four leave politely
		if err := p.Leave(ctx); err != nil {
			t.Errorf("leave: %v", err)
		}
		_ = p.Close()
	}
	peers = peers[:11]
	w.WaitRing(peers...)
	everybodyFinds(peers)
}

// echo serves an application by sending back what comes.
func echo(t *testing.T, n *overlay.Node) <-chan cert.Peer {
	from := make(chan cert.Peer, 10)
	n.HandleApp(overlay.AppSIPS, func(ctx context.Context, conn *tls.Conn, p cert.Peer) {
		defer func() { _ = conn.Close() }()
		from <- p
		defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
		_, _ = io.Copy(conn, conn)
	})
	return from
}

// exchange sends bytes over a connection to an echo and expects them back.
func exchange(t *testing.T, conn *tls.Conn) {
	t.Helper()
	const text = "OPTIONS sip:bob SIP/2.0\r\n\r\n"
	if _, err := conn.Write([]byte(text)); err != nil {
		t.Fatalf("write: %v", err)
	}
	got := make([]byte, len(text))
	if _, err := io.ReadFull(conn, got); err != nil || string(got) != text {
		t.Errorf("got %q, %v, want %q", got, err, text)
	}
}

// RELOAD: APP-1 APP-2 ATT-7 CLI-1
func TestAppAttachBetweenClientsOfDifferentPeers(t *testing.T) {
	w := overlaytest.New(t, nil)
	first := w.First()
	second := w.Peer()
	w.WaitJoined(second)
	w.WaitRing(first, second)
	alice := w.ClientOf(first, "alice@"+overlaytest.Name, first, second)
	bob := w.ClientOf(second, "bob@"+overlaytest.Name, first, second)
	if alice.Path()[0] == bob.Path()[0] {
		t.Fatalf("alice and bob are both attached to %v", alice.Path()[0])
	}
	ctx := w.Context()
	callers := echo(t, bob)
	for range 3 {
		conn, peer, err := alice.AppAttach(ctx, bob.Path(), overlay.AppSIPS)
		if err != nil {
			t.Fatal(err)
		}
		if !peer.Is(bob.NodeID()) || peer.User != bob.User() {
			t.Errorf("the other end is %v, %s, want bob", peer.NodeIDs, peer.User)
		}
		if from := <-callers; !from.Is(alice.NodeID()) || from.User != alice.User() {
			t.Errorf("bob sees %v, %s, want alice", from.NodeIDs, from.User)
		}
		exchange(t, conn)
		_ = conn.Close()
	}
	if _, _, err := alice.AppAttach(ctx, bob.Path(), 61441); !errors.Is(err, wire.ErrorNotFound) {
		t.Errorf("an application nobody serves: got %v, want %v", err, wire.ErrorNotFound)
	}
}

// RELOAD: CLI-1
func TestClientReattachesWhenItsPeerIsKilled(t *testing.T) {
	w := overlaytest.New(t, nil)
	first := w.First()
	second, third := w.Peer(), w.Peer()
	w.WaitJoined(second, third)
	w.WaitRing(first, second, third)
	w.AddBootstrap(second)
	w.AddBootstrap(third)
	peers := []*overlay.Node{first, second, third}
	bob := w.Client("bob@" + overlaytest.Name)
	echo(t, bob)
	before := bob.Path()
	changed := bob.PathChanged()
	var rest []*overlay.Node
	for _, p := range peers {
		if wire.ToNode(p.NodeID()) == before[0] {
			_ = p.Close() // killed
		} else {
			rest = append(rest, p)
		}
	}
	if len(rest) != 2 {
		t.Fatalf("bob's path %v does not begin with a peer", before)
	}
	<-changed
	w.WaitJoined(bob)
	if after := bob.Path(); after[0] == before[0] {
		t.Errorf("bob's path is still %v", after)
	}
	w.WaitRing(rest...)
	conn, _, err := rest[0].AppAttach(w.Context(), bob.Path(), overlay.AppSIPS)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	exchange(t, conn)
}

func TestPeersComeBackAfterLosingEverything(t *testing.T) {
	w := overlaytest.New(t, nil)
	id := w.Identity("first@" + overlaytest.Name)
	first := w.Start(func(c *overlay.Config) { c.Identity, c.First = id, true })
	w.WaitJoined(first)
	w.AddBootstrap(first)
	address := w.Status(first).Address
	client := w.Client("alice@" + overlaytest.Name)
	_ = first.Close()
	again := w.Start(func(c *overlay.Config) { c.Identity, c.First, c.Listen = id, true, address })
	w.WaitJoined(again, client)
	ctx := w.Context()
	data := []byte(nil)
	w.Until(func() string {
		if client.Path() == nil {
			return "the client is not attached"
		}
		data = record(t, ctx, client)
		return ""
	})
	holds(w, again, client.User(), data)
}

// RFC 6940 11.4: nodes remember peers as bootstrap nodes.
// RELOAD: CACHE-1
func TestClientFindsAnotherWayWhenItsOnlyBootstrapNodeIsGone(t *testing.T) {
	w := overlaytest.New(t, nil)
	first := w.First()
	second, third := w.Peer(), w.Peer()
	w.WaitJoined(second, third)
	w.WaitRing(first, second, third)
	peers := make(chan []string, 100)
	address := w.Status(first).Address
	client := w.Start(func(c *overlay.Config) {
		c.Client, c.Bootstrap = true, []string{address}
		c.OnPeers = func(list []string) { peers <- list }
	})
	w.WaitJoined(client)
	w.Until(func() string {
		if len(w.Status(client).Peers) < 2 {
			return "the client does not remember a second peer"
		}
		return ""
	})
	for known := <-peers; ; {
		for _, n := range []*overlay.Node{first, second, third} {
			if i := slices.Index(known, w.Status(n).Address); i >= 0 {
				known = slices.Delete(known, i, i+1)
			}
		}
		if len(known) != 0 {
			t.Errorf("remembered %v, which are no peers", known)
		}
		if len(peers) == 0 {
			break
		}
		known = <-peers
	}
	_ = first.Close()
	w.WaitRing(second, third)
	ctx := w.Context()
	w.Until(func() string {
		if _, err := client.Ping(ctx, []wire.Destination{wire.ToNode(second.NodeID())}); err != nil {
			return err.Error()
		}
		return ""
	})
}

// Two that wait for each other: the first peer founds the overlay although somebody answers at its bootstrap address.
// RELOAD: JN-3
func TestFirstPeerFoundsWhenNobodyLetsItIn(t *testing.T) {
	w := overlaytest.New(t, nil)
	waiting := w.Peer() // has nobody to bootstrap from
	address := w.Status(waiting).Address
	first := w.Start(func(c *overlay.Config) { c.First, c.Bootstrap = true, []string{address} })
	if s := w.Status(first); s.Joined {
		t.Errorf("founded an overlay at once although %s answers", address)
	}
	w.WaitJoined(first)
}

// RELOAD: CFG-7 CFG-10 SEQ-1
func TestNewDocumentReachesEverybody(t *testing.T) {
	w := overlaytest.New(t, nil)
	raw := make(chan []byte, 10)
	first := w.First()
	second := w.Start(func(c *overlay.Config) { c.OnDocument = func(b []byte) { raw <- b } })
	w.WaitJoined(second)
	mallory := w.Client("mallory@" + overlaytest.Name)

	next := *w.Document()
	next.Sequence = config.Next(next.Sequence)
	next.BadNodes = []wire.NodeID{mallory.NodeID()}
	signed := w.Sign(&next)
	ctx := w.Context()
	if err := first.SetDocument(ctx, signed.Raw); err != nil {
		t.Fatal(err)
	}
	if got := <-raw; !bytes.Equal(got, signed.Raw) {
		t.Errorf("the other peer got %.80q, want the new document", got)
	}
	w.Until(func() string {
		for _, l := range append(w.Status(first).Links, w.Status(second).Links...) {
			if l.NodeID == mallory.NodeID().String() {
				return "the revoked node is still linked"
			}
		}
		return ""
	})
	if err := first.SetDocument(ctx, w.Document().Raw); !errors.Is(err, config.ErrNotNewer) {
		t.Errorf("an older document: got %v, want %v", err, config.ErrNotNewer)
	}
}

func TestClosedNode(t *testing.T) {
	w := overlaytest.New(t, nil)
	n := w.First()
	_ = n.Close()
	_ = n.Close()
	if _, err := n.Ping(w.Context(), []wire.Destination{wire.ToNode(n.NodeID())}); !errors.Is(err, overlay.ErrClosed) {
		t.Errorf("ping on a closed node: got %v, want %v", err, overlay.ErrClosed)
	}
	if err := n.WaitJoined(w.Context()); err != nil && !errors.Is(err, overlay.ErrClosed) {
		t.Errorf("wait on a closed node: %v", err)
	}
}
