// Package gateway joins the overlay to the telephone network: it takes calls from overlay peers and from trunks,
// decides where they go (package route), bridges them (package b2bua) or gives them to voicemail and menus, and
// writes the record of each (package cdr).
//
//	overlay peer ── SIPS over AppAttach ──┐                     ┌── SIP trunk
//	                             sipua (overlay)    gateway    sipua (trunk)
//	                                      └── media: RTP both ways ┘
//
// Who calls from the overlay is said by the certificate of the connection, never by a header: From must agree or
// the call is refused (403). A caller from a trunk reaches numbers of ours and nothing else; a trunk never reaches
// a trunk. What costs money is refused unless it was allowed (package route), and is not dialed without a record.
//
// The caller of New opens the database and the overlay and hands in voicemail and menus as call.Handlers. The
// gateway is a B2BUA that terminates media (RFC 7092 §3.2.3).
package gateway

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"time"

	"tandem/gateway/call"
	"tandem/gateway/cdr"
	"tandem/gateway/media"
	"tandem/gateway/route"
	"tandem/gateway/trunk"
)

var (
	// ErrNotFound: there is no such mailbox, menu or person.
	ErrNotFound = errors.New("not found")
	// ErrForbidden: a caller from a trunk was to be put through to a trunk.
	ErrForbidden = errors.New("a trunk reaches no trunk")
)

// Voicemail is what the gateway wants of the mailboxes. Both answer ErrNotFound when there is no such mailbox.
type Voicemail interface {
	// Deposit takes a message for a mailbox; reason says why the call came there.
	Deposit(aor string, reason call.Reason) (call.Handler, error)

	// Retrieval lets the owner, whom the caller's certificate has proven to be aor, hear their messages.
	Retrieval(aor string) (call.Handler, error)
}

// Menus is what the gateway wants of the attendant; ErrNotFound when there is no such menu.
type Menus interface {
	Menu(name string) (call.Handler, error)
}

// A Trunk is a carrier and what the gateway shows it.
type Trunk struct {
	trunk.Trunk
	CallerNumber route.E164 // shown when the caller has no number of their own
}

// Setup is everything an administrator can change while calls are up.
type Setup struct {
	route.Snapshot // its Region is filled in from Config when empty
	Trunks         []Trunk
}

// A Directory holds the Setup; gatewaypg.Store is one.
type Directory interface {
	// Setup loads it.
	Setup(ctx context.Context) (Setup, error)

	// Watch calls changed after each change and once at its beginning, until ctx ends.
	Watch(ctx context.Context, changed func()) error
}

// Config says what a Gateway is. Fields without "default" are required.
type Config struct {
	Node   string // our Node-ID in lower-case hex, for call records
	Domain string // the overlay's name: the host of our SIP URIs in the overlay
	Region string // home region, ISO 3166: how national numbers are read; default "US"

	UDP, TCP, TLS string      // trunk side listeners, "host:port"; empty: none. Port 0 takes a free one
	TLSServer     *tls.Config // required with TLS
	Advertise     string      // host in Via and Contact towards trunks; default: found per destination

	Directory Directory
	Records   cdr.Recorder
	Overlay   route.Overlay
	Media     *media.Engine
	Voicemail Voicemail // default: no mailboxes
	Menus     Menus     // default: no menus

	Limits Limits
	Logger *slog.Logger // default: discards
}

// Limits bound what callers can use up. Zero fields take the default.
type Limits struct {
	Calls        int           // concurrent calls; more get 503. Default 1000
	CallsPerUser int           // concurrent calls of one overlay user; more get 480. Default 4
	Duration     time.Duration // a call is ended after this. Default 4 h
	Silence      time.Duration // a bridged call is ended when one side, not on hold, has sent no media for so long. Default 60 s
	AnswerTrunk  time.Duration // a carrier that does not answer for so long is given up. Default 120 s
}

// withDefaults fills in what was left out.
func (l Limits) withDefaults() Limits {
	return Limits{Calls: cmp.Or(l.Calls, 1000), CallsPerUser: cmp.Or(l.CallsPerUser, 4), Duration: cmp.Or(l.Duration, 4*time.Hour),
		Silence: cmp.Or(l.Silence, time.Minute), AnswerTrunk: cmp.Or(l.AnswerTrunk, 2*time.Minute)}
}

// CallStatus is a call that is up, for display.
type CallStatus struct {
	ID        string // of the call's record
	Direction cdr.Direction
	Caller    call.Party
	Called    string
	Target    string
	Trunk     string
	StartedAt time.Time
	Answered  bool
}

// Status is a snapshot for display.
type Status struct {
	Draining bool
	Calls    []CallStatus // the oldest first
	Trunks   []trunk.State
}
