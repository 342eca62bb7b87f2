package sipua

import (
	"context"
	"time"

	"tandem/gateway/call"
)

// A Leg is one dialog, or an attempt at one. It is a call.Leg.
type Leg struct{}

var _ call.Leg = (*Leg)(nil)

// ID names the leg in logs and call records.
func (l *Leg) ID() string { return "" }

// CallID is the dialog's Call-ID.
func (l *Leg) CallID() string { return "" }

// Info says who calls whom.
func (l *Leg) Info() call.Info { return call.Info{} }

// Context ends when the leg does; context.Cause is then a call.Cause.
func (l *Leg) Context() context.Context { return nil }

// Incoming says that the far side called us.
func (l *Leg) Incoming() bool { return false }

// RequestURI is the URI of the INVITE.
func (l *Leg) RequestURI() string { return "" }

// Headers are the values of a header of the INVITE we received.
func (l *Leg) Headers(name string) []string { return nil }

// MaxForwards is what an INVITE that goes on from here must carry (RFC 3261 §16.6).
func (l *Leg) MaxForwards() int { return 0 }

// AnsweredAt is when the call was connected; zero before.
func (l *Leg) AnsweredAt() time.Time { return time.Time{} }

// Media is the leg's media, nil while there is none.
func (l *Leg) Media() Media { return nil }

// SetMedia gives an incoming leg its media; before EarlyMedia and Answer. The leg closes it when it ends.
func (l *Leg) SetMedia(m Media) {}

// Ring sends 180. After EarlyMedia it is sent without a session description, as before.
func (l *Leg) Ring(ctx context.Context) error { return nil }

// EarlyMedia sends 183 with our answer: what is played before Answer is heard by the caller.
func (l *Leg) EarlyMedia(ctx context.Context) error { return nil }

// Answer sends 200 and returns when the ACK has come. Without an acceptable stream it refuses the call with 488
// and returns call.Incompatible.
func (l *Leg) Answer(ctx context.Context) error { return nil }

// Progress gives the provisional responses to our INVITE in order; the oldest is dropped when nobody reads. It is
// never closed.
func (l *Leg) Progress() <-chan Progress { return nil }

// WaitAnswer returns nil once the call is connected and acknowledged; or why it will not be: a *StatusError when
// the far side said so, else a call.Cause; errors.As finds a call.Cause in either. It may be called repeatedly.
// When ctx ends first its cause is returned and the leg goes on: Hangup cancels it.
func (l *Leg) WaitAnswer(ctx context.Context) error { return nil }

// Hangup ends the leg: CANCEL, BYE, or the response that the cause stands for (see StatusOf). The first cause wins.
func (l *Leg) Hangup(c call.Cause) {}

// Refuse ends an incoming leg that is not answered with this status. Once answered it is a Hangup.
func (l *Leg) Refuse(e *StatusError) {}

// Play sends src.
func (l *Leg) Play(ctx context.Context, src call.Source) error { return nil }

// Record gives what the far side says to sink.
func (l *Leg) Record(ctx context.Context, sink call.Sink) error { return nil }

// Digits delivers what the far side dials, by telephone-event or INFO.
func (l *Leg) Digits() <-chan call.Digit { return nil }

// SendDigits dials towards the far side.
func (l *Leg) SendDigits(ctx context.Context, digits string) error { return nil }
