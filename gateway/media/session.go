package media

import (
	"context"
	"net/netip"

	"tandem/gateway/call"
)

// SessionConfig describes the media of one leg.
type SessionConfig struct {
	// Peer is the address the leg's signalling comes from or goes to. It decides which of our addresses the far side
	// is told, and which addresses its SDP may name: a peer on this host may name loopback, a peer in a private
	// network may name private addresses, nobody may name multicast, link-local, unspecified or broadcast ones.
	// What it may not name is not sent to until the far side has been heard from (latching).
	Peer netip.Addr
	// Codecs in order of preference; nil: PCMU, PCMA.
	Codecs []call.Codec
	// Security is the leg's SRTP policy.
	Security Security
	// NoEvents leaves telephone-event (RFC 4733) out of what we offer and accept; digits are then sent as tones.
	NoEvents bool
	// OnDigits, when set, is told of every digit received, once, besides Digits. It must not block.
	OnDigit func(call.Digit)
}

// A Session is the media of one leg. Its methods may be called from any goroutine.
type Session struct{ digits chan call.Digit }

// Offer returns a description to send as an offer: the first, or a new one for a re-INVITE, with every codec of the
// session's list. An offer that was refused needs nothing: what was agreed before stays.
func (s *Session) Offer() ([]byte, error) { return nil, ErrClosed }

// Answer takes an offer, the first or a later one, and returns the answer to it. An offer that agrees with what is in
// force is answered with the very bytes of last time. On an error (ErrNotAcceptable, ErrMalformed) nothing changes.
func (s *Session) Answer(offer []byte) ([]byte, error) { return nil, ErrClosed }

// SetAnswer takes the answer to the last Offer. It may be called again with another answer to the same offer: a 200
// may move the media that a 183 started. On an error nothing changes.
func (s *Session) SetAnswer(answer []byte) error { return ErrClosed }

// LocalDescription returns the description that was last sent, nil before the first.
func (s *Session) LocalDescription() []byte { return nil }

// SetDirection asks for d from the next Offer on: SendOnly or Inactive holds the far side, SendRecv resumes.
func (s *Session) SetDirection(d Direction) {}

// Direction is the direction in force; SendRecv before anything is agreed.
func (s *Session) Direction() Direction { return SendRecv }

// Negotiated reports whether a description of the far side is in force, so that media can flow.
func (s *Session) Negotiated() bool { return false }

// LocalAddr is the address and port where RTP is received.
func (s *Session) LocalAddr() netip.AddrPort { return netip.AddrPort{} }

// Play sends src to the far side in real time and returns nil at its end, the context's error, the error of src,
// ErrBridged when a Bridge takes over, ErrClosed. A second Play waits for the first to end.
func (s *Session) Play(ctx context.Context, src call.Source) error { return ErrClosed }

// Record gives what the far side says to sink, a frame every 20 ms in playout order, starting at once with concealment
// (Lost) until something arrives. It returns the context's error, the sink's error or ErrClosed. A second Record waits
// for the first to end. Recording and playing, or recording and bridging, go together.
func (s *Session) Record(ctx context.Context, sink call.Sink) error { return ErrClosed }

// Digits delivers what the far side dials, each key once, from the moment the session exists. It holds 64 keys; with
// nobody reading, later ones are dropped. It is never closed.
func (s *Session) Digits() <-chan call.Digit { return s.digits }

// ReceiveDigit takes a digit that came by signalling (SIP INFO). One that also came by RTP counts once. On a bridged
// session it is also dialed to the other side.
func (s *Session) ReceiveDigit(d call.Digit) {}

// SendDigits dials towards the far side, by telephone-events if the far side takes them and by tones otherwise, also
// while the session is bridged. It returns when the last key has been sent: ErrBadDigit (nothing sent), the context's
// error, ErrClosed.
func (s *Session) SendDigits(ctx context.Context, digits string) error { return ErrClosed }

// Stats tells what the session has seen.
func (s *Session) Stats() Stats { return Stats{} }

// Done is closed when the session is.
func (s *Session) Done() <-chan struct{} { return nil }

// Close ends the session: its bridge, whoever plays, records or dials, its sockets. Twice is harmless.
func (s *Session) Close() error { return nil }

// Bridge relays between a and b, audio and telephone-events, until Unbridge or Close of either. Whatever is being
// played to one of them ends with ErrBridged. Both may still be negotiating: what cannot be sent yet is dropped.
// It fails with ErrClosed, and with ErrBridged if one of them already has another partner; bridging the same two
// again does nothing.
func Bridge(a, b *Session) error { return ErrClosed }

// Unbridge separates s from its partner, if it has one.
func (s *Session) Unbridge() {}
