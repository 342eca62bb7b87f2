package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"tandem/gateway/attach"
	"tandem/gateway/call"
	"tandem/gateway/route"
	"tandem/gateway/sipua"
	"tandem/gateway/trunk"
)

// Gateway is a running gateway.
type Gateway struct {
	cfg    Config
	log    *slog.Logger
	setup  atomic.Pointer[routing] // swapped whole; a call uses the one it began with
	reload sync.Mutex              // held by Reload: an older Setup must not take a newer one's place
	trunks *trunk.Set
	calls  registry

	sources sources

	overlayUA, trunkUA *sipua.UA
	peers              *attach.Pool
}

// New opens the sockets and loads the Setup; calls are taken from now on.
func New(ctx context.Context, cfg Config) (*Gateway, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	cfg.Region, cfg.Limits = cmp.Or(cfg.Region, "US"), cfg.Limits.withDefaults()
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	g := &Gateway{cfg: cfg, log: cfg.Logger, trunks: trunk.NewSet(trunk.Config{Logger: cfg.Logger})}
	g.setup.Store(newRouting(Setup{}, cfg.Region))
	if err := g.listen(); err != nil {
		return nil, err
	}
	g.tidy(ctx)
	if err := g.Reload(ctx); err != nil {
		// Without a database a gateway still serves: what it may do is nothing yet, and Run tries again.
		g.log.Error("routing not loaded", "err", err)
	}
	return g, nil
}

// tidy closes the records of calls that ended with an earlier life of this gateway.
func (g *Gateway) tidy(ctx context.Context) {
	n, err := g.cfg.Records.CloseAbandoned(ctx, g.cfg.Node)
	if err != nil {
		g.log.Error("open call records not closed", "err", err)
	} else if n > 0 {
		g.log.Warn("calls had ended with the process", "count", n)
	}
}

func (c Config) validate() error {
	var errs []error
	for name, missing := range map[string]bool{"Node": c.Node == "", "Domain": c.Domain == "", "Directory": c.Directory == nil,
		"Records": c.Records == nil, "Overlay": c.Overlay == nil, "Media": c.Media == nil} {
		if missing {
			errs = append(errs, fmt.Errorf("gateway: Config.%s is required", name))
		}
	}
	return errors.Join(errs...)
}

// listen starts the two user agents. They share nothing, so that no overlay request can leave by a socket.
func (g *Gateway) listen() error {
	var err error
	g.overlayUA, err = sipua.Start(sipua.Config{Side: call.Overlay, Domain: g.cfg.Domain, MaxCalls: 2 * g.cfg.Limits.Calls,
		NewMedia: g.overlayMedia, OnInvite: g.fromOverlay, Logger: g.log})
	if err != nil {
		return fmt.Errorf("start the overlay user agent: %w", err)
	}
	g.peers = attach.New(g.overlayUA, g.cfg.Overlay, g.cfg.Media)
	g.trunkUA, err = sipua.Start(sipua.Config{Side: call.Trunk, UDP: g.cfg.UDP, TCP: g.cfg.TCP, TLS: g.cfg.TLS,
		TLSServer: g.cfg.TLSServer, Advertise: g.cfg.Advertise, AllowSource: g.allowSource, Admit: g.trunks.Admit,
		MaxCalls: 2 * g.cfg.Limits.Calls, NewMedia: g.trunkMedia, OnInvite: g.fromTrunk, Logger: g.log})
	if err != nil {
		return errors.Join(fmt.Errorf("start the trunk user agent: %w", err), g.overlayUA.Close(context.Background()))
	}
	g.trunks.Attach(g.trunkUA)
	return nil
}

// closing is how long BYEs and unregistrations may take at the end.
const closing = 5 * time.Second

// Run keeps the Setup current until ctx ends, then closes: calls that are still up are hung up.
func (g *Gateway) Run(ctx context.Context) error {
	err := g.cfg.Directory.Watch(ctx, func() {
		if err := g.Reload(ctx); err != nil && ctx.Err() == nil {
			g.log.Error("routing not reloaded", "err", err)
		}
	})
	<-ctx.Done()
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), closing)
	defer cancel()
	failed := errors.Join(g.HangUp(end), g.trunks.Close(end), g.trunkUA.Close(end), g.overlayUA.Close(end), g.calls.wait(end))
	if failed != nil {
		return fmt.Errorf("close the gateway: %w", failed)
	}
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// Drain refuses new calls with 503 and returns when the last call has ended, or with ctx.
func (g *Gateway) Drain(ctx context.Context) error {
	g.calls.drain()
	g.trunkUA.Drain()
	g.overlayUA.Drain()
	return g.calls.wait(ctx)
}

// HangUp ends every call that is up, on both sides, and refuses new ones with 503. It returns when the far sides know
// and the records are closed, or with ctx. Call it while the overlay's connections are still up.
func (g *Gateway) HangUp(ctx context.Context) error {
	g.calls.end(call.TemporaryFailure)
	err := g.calls.wait(ctx)
	return errors.Join(err, g.trunkUA.HangUp(ctx, call.TemporaryFailure), g.overlayUA.HangUp(ctx, call.TemporaryFailure))
}

// Reload loads the Setup now. Trunks of which one cannot be used (it makes no sense) are an error, and the old ones
// stay; who may call, numbers and routes are in force all the same.
func (g *Gateway) Reload(ctx context.Context) error {
	g.reload.Lock()
	defer g.reload.Unlock()
	s, err := g.cfg.Directory.Setup(ctx)
	if err != nil {
		return err
	}
	trunks := make([]trunk.Trunk, 0, len(s.Trunks))
	for _, t := range s.Trunks {
		trunks = append(trunks, t.Trunk)
	}
	// Before the trunks: that a user may no longer call must not wait for somebody to mend a trunk.
	g.setup.Store(newRouting(s, g.cfg.Region))
	if err := g.trunks.Replace(ctx, trunks); err != nil {
		return fmt.Errorf("use the trunks: %w", err)
	}
	return nil
}

// Serve takes over a SIPS connection that the overlay accepted (application 5061).
func (g *Gateway) Serve(conn net.Conn, peer route.Peer) error { return g.peers.Serve(conn, peer) }

// Revoke says which nodes (Node-IDs, lower-case hex) are revoked, all of them. Their connections are closed and no new
// ones taken.
func (g *Gateway) Revoke(nodes []string) { g.peers.Revoke(nodes) }

// Addr is the address that the trunk side listens on.
func (g *Gateway) Addr(t sipua.Transport) netip.AddrPort { return g.trunkUA.Addr(t) }

// Status tells how it is.
func (g *Gateway) Status() Status {
	draining, calls := g.calls.status()
	return Status{Draining: draining, Calls: calls, Trunks: g.trunks.States()}
}

// routing is a Setup made ready for use.
type routing struct {
	*route.Table
	callerNumbers map[string]route.E164 // by trunk
}

func newRouting(s Setup, region string) *routing {
	s.Region = cmp.Or(s.Region, region)
	r := &routing{Table: route.NewTable(s.Snapshot), callerNumbers: make(map[string]route.E164)}
	for _, t := range s.Trunks {
		r.callerNumbers[t.Name] = t.CallerNumber
	}
	return r
}
