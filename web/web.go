// Package web is the portal: what browsers and programs see of tandem over HTTP.
//
// A Portal serves the typed API under /api, documented in ui/openapi.json, and the built pages of package ui
// for everything else. The pages use nothing but the API. Who somebody is comes from a session cookie; what
// somebody may see is decided here and nowhere else: a user sees what is the user's own, and asks for everything
// by owner and id together, so that another's message is simply not found.
//
// The order of the middleware is the order of the defence, and routes.go reads as a table of contents.
package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"

	"tandem/web/ui"
)

// A Portal is an http.Handler. Run must be running for as long as it serves.
type Portal struct {
	cfg      Config
	log      *slog.Logger
	sessions *scs.SessionManager
	streams  *streams
	page     *page
	handler  http.Handler
}

// New makes a portal of cfg.
func New(cfg Config) (*Portal, error) {
	if cfg.Pool == nil || cfg.Accounts == nil || cfg.Messages == nil {
		return nil, errors.New("web: Pool, Accounts and Messages are needed")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Files == nil {
		cfg.Files = ui.Files()
	}
	page, err := newPage(cfg.Files)
	if err != nil {
		return nil, fmt.Errorf("read the portal's pages: %w", err)
	}
	p := &Portal{cfg: cfg, log: cfg.Log, sessions: newSessions(cfg), streams: newStreams(), page: page}
	p.handler, _ = p.routes()
	return p, nil
}

// ServeHTTP answers one request.
func (p *Portal) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.handler.ServeHTTP(w, r) }

// Run does what must be done from time to time until ctx ends: it forgets sessions that are over. Then it ends
// the event streams, which a shutdown of the server would otherwise wait for.
func (p *Portal) Run(ctx context.Context) error {
	defer p.streams.close()
	tick := time.NewTicker(10 * time.Minute)
	defer tick.Stop()
	for {
		if _, err := p.cfg.Pool.Exec(ctx, `DELETE FROM sessions WHERE expiry < now()`); err != nil && ctx.Err() == nil {
			p.log.Warn("cannot forget old sessions", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// NewServer gives the portal, or what it is mounted in, the limits that a server among strangers needs.
// A stream that may last longer sets its own deadline.
func NewServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}
