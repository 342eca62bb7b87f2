package overlay

import (
	"context"
	crand "crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"tandem/overlay/cert"
	"tandem/overlay/config"
	"tandem/overlay/link"
	"tandem/overlay/peer"
	"tandem/overlay/wire"
)

// A Node is one running node of an overlay. Its methods may be called from any goroutine.
type Node struct {
	started  time.Time
	cfg      Config
	log      *slog.Logger
	verifier *cert.Verifier
	tls      *tls.Config
	links    *link.Listener // where RELOAD links come in
	apps     *link.Listener // where application connections come in
	refusals *link.Refusals
	document atomic.Pointer[config.Document]
	identity atomic.Pointer[cert.Identity] // of cfg, or the latest renewal

	ctx    context.Context // ends when the node closes
	cancel context.CancelCauseFunc
	wg     sync.WaitGroup // every goroutine of the node
	do     chan func(now time.Time)
	dials  dials // connections being opened for others

	ring         // the loop's
	counts       *counts
	waiters      waiters
	handlers     handlers
	path         watched
	storageTimes clock
}

// ring is what the loop owns; nothing else may touch it.
type ring struct {
	core      *peer.Core
	conns     map[peer.LinkID]*conn
	with      map[wire.NodeID][]*conn // those that run, silent ones too, oldest first
	nextLink  peer.LinkID
	addresses *addresses
	founded   bool // this node is the first of the overlay
}

// Start opens the listeners and returns at once; the node then bootstraps and joins on its own and keeps trying
// until Close. WaitJoined says when it is done. ctx bounds the start only. A first peer with bootstrap addresses tries
// them before, which takes a TLS handshake, 5 s at most.
func Start(ctx context.Context, cfg Config) (*Node, error) {
	if cfg.Identity == nil || cfg.Document == nil || cfg.Logger == nil {
		return nil, errors.New("start an overlay node: identity, document and logger are required")
	}
	n := &Node{
		started: time.Now(), cfg: cfg, log: cfg.Logger.With("node_id", cfg.Identity.NodeID()),
		verifier: cert.NewVerifier(cfg.Document.InstanceName, cfg.Document.Trust(), nil),
		do:       make(chan func(time.Time), 64),
		counts:   newCounts(),
	}
	n.refusals = link.NewRefusals(n.log)
	n.document.Store(cfg.Document)
	n.identity.Store(cfg.Identity)
	n.tls = cert.TLSConfig(n.identity.Load, n.verifier)
	n.tls.KeyLogWriter = cfg.KeyLog
	if err := n.listen(ctx); err != nil {
		return nil, fmt.Errorf("start an overlay node: %w", err)
	}
	n.ctx, n.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	n.start(ctx)
	return n, nil
}

func (n *Node) listen(ctx context.Context) (err error) {
	if n.links, err = link.Listen(ctx, orAny(n.cfg.Listen), n.tls, n.log.With("listener", "links")); err != nil {
		return err
	}
	if n.apps, err = link.Listen(ctx, orAny(n.cfg.ListenSIP), n.tls, n.log.With("listener", "applications")); err != nil {
		_ = n.links.Close()
		return err
	}
	return nil
}

func orAny(addr string) string {
	if addr == "" {
		return ":0"
	}
	return addr
}

// start makes the core and the goroutines.
func (n *Node) start(ctx context.Context) {
	n.conns, n.with = make(map[peer.LinkID]*conn), make(map[wire.NodeID][]*conn)
	n.addresses = newAddresses(n.cfg, n.links.Addr())
	n.wg.Go(func() { n.serve(n.links, n.acceptLink) })
	n.wg.Go(func() { n.serve(n.apps, n.acceptApp) })
	n.founded = n.cfg.First && !n.cfg.Client && !n.someoneAnswers(ctx)
	n.core = n.newCore(time.Now())
	n.wg.Go(n.loop)
}

func (n *Node) newCore(now time.Time) *peer.Core {
	var seed [32]byte
	crand.Read(seed[:])
	id := n.cfg.Identity
	doc := n.document.Load()
	return peer.New(peer.Config{
		Self:       peer.Signer{NodeID: id.NodeID(), User: id.User, Certificate: id.Certificate.Raw},
		Overlay:    wire.OverlayID(doc.InstanceName),
		Client:     n.cfg.Client,
		First:      n.founded,
		Candidates: n.candidates(n.links),
		Settings:   settings(doc),
		Diagnose:   n.information,
		Rand:       rand.New(rand.NewChaCha8(seed)),
		Logger:     n.cfg.Logger,
	}, now)
}

func (n *Node) serve(ln *link.Listener, accept func(*tls.Conn)) {
	if err := ln.Serve(n.ctx, accept); err != nil {
		n.log.Error("overlay listener failed", "addr", ln.Addr(), "err", err)
	}
}

// NodeID is this node's Node-ID.
func (n *Node) NodeID() wire.NodeID { return n.cfg.Identity.NodeID() }

// User is the user name (AoR) in this node's certificate.
func (n *Node) User() string { return n.cfg.Identity.User }

// SetIdentity goes on with a renewed certificate: from now on it is shown in handshakes and signs messages and values.
// It must be for the node and the user that this node is. Links that stand keep the certificate they began with.
func (n *Node) SetIdentity(id *cert.Identity) error {
	if id.NodeID() != n.NodeID() || id.User != n.User() {
		return fmt.Errorf("renew the identity of %v: the certificate is for %v, %s", n.NodeID(), id.NodeID(), id.User)
	}
	n.identity.Store(id)
	return nil
}

// Branching is the branching factor of ReDiR trees in this overlay (RFC 7374 8).
func (n *Node) Branching() int { return n.document.Load().BranchingFactor }

// Wait returns when the node closes by itself because it cannot meet a new configuration, with the reason, or nil when ctx
// ends or Close was called.
func (n *Node) Wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-n.ctx.Done():
	}
	if err := context.Cause(n.ctx); !errors.Is(err, ErrClosed) {
		return err
	}
	return nil
}

// Close ends all connections and returns when every goroutine has ended. More than once is harmless.
func (n *Node) Close() error {
	n.cancel(ErrClosed)
	n.wg.Wait()
	return nil
}
