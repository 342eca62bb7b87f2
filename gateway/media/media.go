// Package media carries the sound of calls: RTP (RFC 3550, 3551), SDP offer and answer (RFC 3264), SRTP with SDES keys
// (RFC 4568), telephone-events (RFC 4733).
//
// An Engine owns a range of UDP ports; a Session is the media of one leg. The owner of the leg carries the bytes of SDP
// and nothing more:
//
//	we call:      offer := s.Offer()          … s.SetAnswer(sdp of 183 or 200)
//	we are called: answer := s.Answer(offer)   … send it in 183 or 200
//	late offer:   s.Offer() goes into our 200, the ACK's body into SetAnswer
//	re-INVITE:    s.Answer(offer) again (or s.Offer, s.SetAnswer): hold, another address, another codec
//
// Then either Bridge(a, b) relays between two sessions, translating µ-law and A-law, or a handler uses Play, Record,
// Digits and SendDigits, which mean what call.Leg says of them.
//
// What a stranger writes is not believed: a session sends nothing before SDP named an address, never to an address that
// its peer has no business with (see SessionConfig.Peer), and hears only the source it has latched to.
//
// One goroutine per socket reads; nothing is allocated per packet. Clock of everything is 8000 Hz.
package media

import (
	"errors"
	"time"
)

// What a caller may want to tell apart.
var (
	// ErrNotAcceptable: the SDP holds nothing we can agree to: no codec in common, no audio, secure media refused or
	// missing. At the SIP edge it is 488.
	ErrNotAcceptable = errors.New("media: description not acceptable")
	// ErrMalformed: the body is not SDP, or is larger than anything sane. At the SIP edge it is 400.
	ErrMalformed = errors.New("media: malformed session description")
	// ErrNoOffer: SetAnswer without an offer of ours.
	ErrNoOffer = errors.New("media: answer without offer")
	// ErrClosed: the session is closed.
	ErrClosed = errors.New("media: session closed")
	// ErrBridged: the session is bridged to another, so nothing may be played to it.
	ErrBridged = errors.New("media: session is bridged")
	// ErrNoPort: every port of the range is in use.
	ErrNoPort = errors.New("media: no free port")
	// ErrBadDigit: a key that no telephone has.
	ErrBadDigit = errors.New("media: not a telephone key")
)

// Security says what a leg does about SRTP.
type Security uint8

// The policies. With none of them is secure media that was agreed ever replaced by plain media later in the call.
const (
	Forbidden Security = iota // plain RTP only
	Optional                  // both; offers RTP/AVP with keys (RFC 8643), answers as asked
	Required                  // SRTP or nothing: offers RTP/SAVP, refuses plain RTP
)

// Direction is the way media flows, seen from us (RFC 3264 §6.1).
type Direction uint8

// The directions.
const (
	SendRecv Direction = iota
	SendOnly
	RecvOnly
	Inactive
)

var directionNames = [...]string{"sendrecv", "sendonly", "recvonly", "inactive"}

// String gives the SDP attribute's name.
func (d Direction) String() string { return directionNames[d] }

// Sends reports whether we may send.
func (d Direction) Sends() bool { return d == SendRecv || d == SendOnly }

// Receives reports whether we expect to receive.
func (d Direction) Receives() bool { return d == SendRecv || d == RecvOnly }

// reverse is the direction as the other side sees it.
func (d Direction) reverse() Direction {
	switch d {
	case SendOnly:
		return RecvOnly
	case RecvOnly:
		return SendOnly
	}
	return d
}

// Stats is what a session has seen so far. Times are as measured here, levels of loss as RFC 3550 defines them.
type Stats struct {
	Sent, Received           uint64        // RTP packets
	SentBytes, ReceivedBytes uint64        // RTP payload bytes
	Lost                     int64         // packets expected and not received (RFC 3550 §6.4.1; duplicates count against it)
	Jitter                   time.Duration // interarrival jitter of what we receive
	RoundTrip                time.Duration // from RTCP; zero when unknown
	RemoteLost               float64       // fraction of our packets the far side reported lost, 0 to 1
	RemoteJitter             time.Duration // jitter the far side reported
	Strays                   uint64        // packets dropped: not from the latched source, not authentic, not RTP
	LastReceived             time.Time     // when media last arrived, zero if never; comfort noise and events count
	Codec                    string        // "PCMU" or "PCMA": what we send
	Secure                   bool          // SRTP is agreed
	Suite                    string        // the SRTP suite's name
	MOS                      float64       // estimated listening quality of what we receive, 1 to 4.5; 0 when unknown
}
