// Package phone is the user's side: an overlay phone. It registers softphones on loopback, carries their calls over
// the overlay and brings calls from the overlay to them; and it places calls by itself (Call).
//
//	softphone ── SIP, RTP on loopback ── Phone ── SIPS and SRTP ── overlay peer or gateway
//
// What is dialed decides the way: a telephone number goes to a gateway found by ReDiR, the most specific prefix first;
// an AoR goes to its nodes directly and, when nobody is there, to the voicemail provider that keeps the mailbox
// (RFC 4458); "voicemail" or *97 is one's own mailbox. A provider that does not answer, refuses with 5xx or is gone is
// passed over for the next one.
package phone

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"time"

	"tandem/gateway/call"
	"tandem/gateway/media"
	"tandem/gateway/route"
	"tandem/gateway/sipua"
)

// ErrNowhere: what was dialed is neither a number, nor an AoR, nor a service.
var ErrNowhere = errors.New("neither a telephone number nor an address")

// Config says what a Phone is. Fields without "default" are required.
type Config struct {
	AoR    string // the user, user@overlay, lower case
	Region string // how national numbers are read, ISO 3166; default "US"

	// Listen is the softphones' side, "127.0.0.1:5060", UDP and TCP; empty: no softphones. Anybody who reaches it can
	// call as this user, so an address other than loopback is refused without Password.
	Listen string

	// User and Password are what a softphone must register with. Without Password any user name and password will do.
	User     string
	Password sipua.Secret

	Overlay route.Overlay
	Media   *media.Engine

	// Codecs on overlay legs, by preference; default PCMU, PCMA.
	Codecs []call.Codec

	// RingFor is how long softphones, and nodes that are called, ring. Default 25 s.
	RingFor time.Duration

	// OnIncoming answers calls from the overlay without a softphone: the handler it returns gets the leg, unanswered.
	// With nil it falls to the softphones. Default: always the softphones.
	OnIncoming func(ctx context.Context, leg call.Leg) call.Handler

	Logger *slog.Logger // default: discards
}

// CallOptions of a call that the phone places by itself.
type CallOptions struct {
	Codecs   []call.Codec                         // default Config.Codecs
	Progress func(leg call.Leg, p sipua.Progress) // ringing and early media, from a goroutine of the call; may be nil
	RingFor  time.Duration                        // default: none for numbers and services, Config.RingFor for people
}

// Status is a snapshot for display.
type Status struct {
	AoR        string
	Listen     string // where softphones register; empty: nowhere
	AnyoneMay  bool   // softphones register without a password
	Softphones []sipua.Binding
	Calls      int
}

// Phone is a running overlay phone.
type Phone struct{ cfg Config }

// New opens the sockets and returns. Run serves.
func New(cfg Config) (*Phone, error) { return nil, nil }

// Run serves until ctx ends, then hangs up politely and closes the sockets.
func (p *Phone) Run(ctx context.Context) error { return nil }

// Serve takes over a SIPS connection that the overlay accepted (application 5061).
func (p *Phone) Serve(conn net.Conn, peer route.Peer) error { return nil }

// Call calls a number, an AoR or a service as this phone's user, and returns the answered leg. The error wraps a
// call.Cause or a *sipua.StatusError when the far side refused, ErrNowhere, route.ErrNoService, route.ErrNotRegistered.
// When ctx ends before the answer the call is cancelled. End the call with Hangup.
func (p *Phone) Call(ctx context.Context, to string, o CallOptions) (*sipua.Leg, error) {
	return nil, nil
}

// Status tells how it is.
func (p *Phone) Status() Status { return Status{} }
