// Package overlaytest makes small overlays on loopback for tests: a certificate authority, a signed configuration
// document, and nodes with real sockets that are closed when the test ends.
package overlaytest

import (
	"context"
	"crypto/ecdsa"
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"tandem/overlay"
	"tandem/overlay/cert"
	"tandem/overlay/config"
	"tandem/overlay/wire"
)

// Name is the name of the overlays made here.
const Name = "overlay.test"

// patience bounds what a test waits for. It is no measure of speed: it only ends a test that hangs.
const patience = 2 * time.Minute

// A Network is an overlay in a test.
type Network struct {
	t     testing.TB
	root  *x509.Certificate
	key   *ecdsa.PrivateKey
	owner *cert.Identity
	doc   *config.Document

	// KeyLog, if set before nodes are started, gets their TLS secrets.
	KeyLog io.Writer

	// Host is the address that nodes listen on; 127.0.0.1 unless set before they are started.
	Host string

	mu    sync.Mutex
	users int
	nodes []*overlay.Node // every one started
	boot  []string        // addresses of peers to bootstrap from
}

// New makes an overlay without nodes. change, if not nil, may change the document before it is signed.
func New(t testing.TB, change func(*config.Document)) *Network {
	t.Helper()
	w := &Network{t: t, Host: "127.0.0.1"}
	w.root, w.key = Root(t)
	w.owner = w.Identity("owner@" + Name)
	doc := config.New(Name)
	doc.Roots = []*x509.Certificate{w.root}
	doc.ConfigurationSigners = []wire.NodeID{w.owner.NodeID()}
	doc.KindSigners = []wire.NodeID{w.owner.NodeID()}
	if change != nil {
		change(doc)
	}
	w.doc = w.Sign(doc)
	return w
}

// Root makes a certificate authority.
func Root(t testing.TB) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := cert.NewKey()
	must(t, err)
	der, err := cert.NewRoot(Name, key, time.Now(), 24*time.Hour)
	must(t, err)
	root, err := x509.ParseCertificate(der)
	must(t, err)
	return root, key
}

// Document is the configuration document in force at the start.
func (w *Network) Document() *config.Document { return w.doc }

// Sign signs a document as the overlay's owner.
func (w *Network) Sign(doc *config.Document) *config.Document {
	w.t.Helper()
	signed, err := doc.Sign(w.owner)
	must(w.t, err)
	return signed
}

// SignKind signs a Kind as the overlay's owner.
func (w *Network) SignKind(k config.Kind) []byte {
	w.t.Helper()
	block, err := config.SignKind(k, w.owner)
	must(w.t, err)
	return block
}

// Identity issues a certificate for a user with a new Node-ID.
func (w *Network) Identity(user string) *cert.Identity {
	w.t.Helper()
	return w.IdentityUntil(user, time.Now().Add(12*time.Hour))
}

// IdentityUntil is Identity with the time the certificate ends.
func (w *Network) IdentityUntil(user string, until time.Time) *cert.Identity {
	w.t.Helper()
	return Issue(w.t, w.root, w.key, user, until)
}

// Issue has any authority issue a certificate that ends at a time.
func Issue(t testing.TB, root *x509.Certificate, key *ecdsa.PrivateKey, user string, until time.Time) *cert.Identity {
	t.Helper()
	own, err := cert.NewKey()
	must(t, err)
	id, err := cert.NewNodeID()
	must(t, err)
	der, err := cert.Issue(root, key, cert.Request{
		NodeIDs: []wire.NodeID{id}, User: user, Overlay: Name, PublicKey: own.Public(),
		NotBefore: until.Add(-24 * time.Hour), NotAfter: until,
	})
	must(t, err)
	identity, err := cert.NewIdentity(der, own, Name)
	must(t, err)
	return identity
}

// IdentityOf issues a certificate with several new Node-IDs.
func (w *Network) IdentityOf(user string, nodes int) *cert.Identity {
	w.t.Helper()
	own, err := cert.NewKey()
	must(w.t, err)
	r := cert.Request{User: user, Overlay: Name, PublicKey: own.Public(), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	for range nodes {
		id, err := cert.NewNodeID()
		must(w.t, err)
		r.NodeIDs = append(r.NodeIDs, id)
	}
	der, err := cert.Issue(w.root, w.key, r)
	must(w.t, err)
	identity, err := cert.NewIdentity(der, own, Name)
	must(w.t, err)
	return identity
}

// Renew issues a new certificate for the node, user and key of id.
func (w *Network) Renew(id *cert.Identity, until time.Time) *cert.Identity {
	w.t.Helper()
	der, err := cert.Issue(w.root, w.key, cert.Request{
		NodeIDs: id.NodeIDs, User: id.User, Overlay: Name, PublicKey: id.Key.Public(), NotBefore: until.Add(-24 * time.Hour), NotAfter: until,
	})
	must(w.t, err)
	renewed, err := cert.NewIdentity(der, id.Key, Name)
	must(w.t, err)
	return renewed
}

// First starts the peer that founds the overlay.
func (w *Network) First() *overlay.Node {
	w.t.Helper()
	n := w.Start(func(c *overlay.Config) { c.First = true })
	w.WaitJoined(n)
	w.AddBootstrap(n)
	return n
}

// AddBootstrap lets nodes started later bootstrap from n, too.
func (w *Network) AddBootstrap(n *overlay.Node) {
	w.t.Helper()
	s := w.Status(n)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.boot = append(w.boot, s.Address)
}

// Peer starts a peer and does not wait for it to join.
func (w *Network) Peer() *overlay.Node {
	w.t.Helper()
	return w.Start(nil)
}

// Client starts a client for a user and waits until it is attached.
func (w *Network) Client(user string) *overlay.Node {
	w.t.Helper()
	n := w.Start(func(c *overlay.Config) { c.Client, c.Identity = true, w.Identity(user) })
	w.WaitJoined(n)
	return n
}

// ClientOf is Client with a Node-ID for which p is responsible among peers, so that p stays the way to it.
func (w *Network) ClientOf(p *overlay.Node, user string, peers ...*overlay.Node) *overlay.Node {
	w.t.Helper()
	id := w.Identity(user)
	for responsible(id.NodeID(), peers) != p {
		id = w.Identity(user)
	}
	address := w.Status(p).Address
	n := w.Start(func(c *overlay.Config) { c.Client, c.Identity, c.Bootstrap = true, id, []string{address} })
	w.WaitJoined(n)
	return n
}

// responsible is the first peer at or after id.
func responsible(id wire.NodeID, peers []*overlay.Node) *overlay.Node {
	sorted := slices.Clone(peers)
	slices.SortFunc(sorted, func(a, b *overlay.Node) int { return a.NodeID().Compare(b.NodeID()) })
	for _, p := range sorted {
		if p.NodeID().Compare(id) >= 0 {
			return p
		}
	}
	return sorted[0]
}

// Start starts a node on loopback with an identity of its own; change, if not nil, may change its configuration.
func (w *Network) Start(change func(*overlay.Config)) *overlay.Node {
	w.t.Helper()
	w.mu.Lock()
	w.users++
	user := fmt.Sprintf("user%d@%s", w.users, Name)
	boot := append([]string(nil), w.boot...)
	w.mu.Unlock()
	cfg := overlay.Config{
		Document: w.doc, Listen: w.Host + ":0", ListenSIP: w.Host + ":0", Bootstrap: boot, KeyLog: w.KeyLog,
	}
	if change != nil {
		change(&cfg)
	}
	if cfg.Identity == nil {
		cfg.Identity = w.Identity(user)
	}
	if cfg.Logger == nil {
		cfg.Logger = Logger(w.t).With("node", cfg.Identity.NodeID().String()[:6])
	}
	n, err := overlay.Start(w.t.Context(), cfg)
	must(w.t, err)
	w.t.Cleanup(func() { _ = n.Close() })
	w.mu.Lock()
	w.nodes = append(w.nodes, n)
	w.mu.Unlock()
	return n
}

// Logger logs into the test's output.
func Logger(t testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// Context ends with the test, or when a test has hung for too long.
func (w *Network) Context() context.Context {
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	w.t.Cleanup(cancel)
	return ctx
}

// WaitJoined waits until all the nodes are part of the overlay.
func (w *Network) WaitJoined(nodes ...*overlay.Node) {
	w.t.Helper()
	ctx := w.Context()
	for _, n := range nodes {
		if err := n.WaitJoined(ctx); err != nil {
			w.t.Fatalf("node %v did not join: %v", n.NodeID(), err)
		}
	}
}

// Status is n's status.
func (w *Network) Status(n *overlay.Node) overlay.Status {
	w.t.Helper()
	s, err := n.Status(w.Context())
	must(w.t, err)
	return s
}

// Until waits until cond returns "", and fails with what it returned last if that does not come.
func (w *Network) Until(cond func() string) {
	w.t.Helper()
	ctx := w.Context()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		missing := cond()
		if missing == "" {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			w.t.Fatalf("waited in vain: %s", missing)
		}
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
