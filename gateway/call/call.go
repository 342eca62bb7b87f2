// Package call is the vocabulary of a call: Leg, Handler, Cause.
//
// A Leg is one side of a call as the gateway sees it: somebody who rang us or whom we rang. A Handler talks to
// a leg until it ends: voicemail and the auto-attendant are handlers. This package knows no SIP and no RTP; the
// legs of package sipua satisfy Leg.
//
// All audio that a handler touches is mono at 8000 samples a second in frames of 20 ms.
package call

import (
	"context"
	"time"
)

// A Leg is one side of a call. Its methods may be called from any goroutine.
type Leg interface {
	// ID names the leg in logs and call records (a UUIDv7).
	ID() string

	// Info says who calls whom, as far as it has been established.
	Info() Info

	// Context ends when the leg does; context.Cause is then the Cause of the release.
	Context() context.Context

	// Ring tells the caller that the called party is being alerted (180). After Answer it does nothing.
	Ring(ctx context.Context) error

	// Answer connects the call and returns when audio can flow. Once answered it does nothing.
	Answer(ctx context.Context) error

	// Hangup ends the leg, whatever its state, with the response or request that fits. The first cause wins.
	Hangup(c Cause)

	// Play sends src and returns nil at its end, the context's error, or the leg's Cause.
	// A second Play waits for the first to end.
	Play(ctx context.Context, src Source) error

	// Record gives what the far side says to sink, a frame every 20 ms in playout order, until ctx or the leg
	// ends or sink returns an error, and returns that error.
	Record(ctx context.Context, sink Sink) error

	// Digits delivers what the far side dials, from the moment the leg exists (type-ahead). It is never closed.
	Digits() <-chan Digit

	// SendDigits dials towards the far side: 0-9, *, #, A-D.
	SendDigits(ctx context.Context, digits string) error
}

// A Handler takes an answered or ringing leg and returns when it is done with it. ctx ends when the leg does.
// The handler answers the leg if it wants to be heard, and leaves the hang-up to its caller unless the cause matters.
type Handler interface {
	ServeCall(ctx context.Context, leg Leg) error
}

// HandlerFunc makes a function a Handler.
type HandlerFunc func(ctx context.Context, leg Leg) error

// ServeCall calls f.
func (f HandlerFunc) ServeCall(ctx context.Context, leg Leg) error { return f(ctx, leg) }

// A Digit is one key the far side pressed.
type Digit struct {
	Key      byte          // '0' to '9', '*', '#', 'A' to 'D'
	Duration time.Duration // how long it was held, as far as known
}

// Side says where a leg leads.
type Side uint8

// The sides of the gateway.
const (
	Overlay Side = iota + 1 // a peer of the overlay, known by its certificate
	Trunk                   // a carrier
	Local                   // a softphone registered at an overlay phone
)

// Info is what is known of a leg's call.
type Info struct {
	Side   Side
	Caller Party
	Called string // the user part the call is for: a number as dialed, or a name
	Target string // RFC 4458 target: the AoR whose mailbox is wanted, if the call was retargeted
	Reason Reason // RFC 4458 cause: why it was retargeted
	Trunk  string // the trunk's name, on a trunk's leg
	Node   string // the Node-ID in hex, on an overlay leg
}

// Party is one of the two who talk.
type Party struct {
	AoR       string // user@overlay, without scheme; empty for a telephone number
	Number    string // E.164 with its plus; empty when unknown
	Name      string // what the far side calls itself: never trusted, escape before showing
	Verified  bool   // the AoR was proven by a certificate
	Anonymous bool   // the caller asked not to be shown
}
