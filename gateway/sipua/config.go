package sipua

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net/netip"
	"time"

	"tandem/gateway/call"
)

// Transport is a SIP transport, as a Via header writes it.
type Transport string

// The transports of RFC 3261 §18.
const (
	UDP Transport = "UDP"
	TCP Transport = "TCP"
	TLS Transport = "TLS"
)

// Config says what a UA is.
type Config struct {
	// Side says whom this UA talks to. call.Overlay has no sockets: UDP, TCP and TLS must be empty.
	Side call.Side

	// UDP, TCP and TLS are listening addresses, "host:port"; empty does not listen. Port 0 takes a free one (see
	// UA.Addr). Requests over UDP leave from the UDP socket; streams are dialed when needed even with no listener.
	UDP, TCP, TLS string

	// TLSServer is what the TLS listener presents. Required with TLS.
	TLSServer *tls.Config

	// Domain is the overlay's name: the host of Via and Contact of an overlay UA. Unused on other sides.
	Domain string

	// Advertise is the host of Via and Contact on sockets. Default: the local address that leads to the far side.
	Advertise string

	// AllowSource says whether packets and connections from an address are looked at at all; nil allows every one.
	// A datagram that is refused is dropped before it is parsed and nothing is answered.
	AllowSource func(netip.Addr) bool

	// Admit decides about an INVITE outside of any dialog; nil admits all. Refused ones are answered 403.
	Admit func(Source) (Admission, bool)

	// NewMedia makes the media of an incoming INVITE, before OnInvite; nil leaves it to Leg.SetMedia.
	// An error is answered 500.
	NewMedia func(*Leg) (Media, error)

	// OnInvite is given each incoming call, in a goroutine of its own. ctx is the leg's. When OnInvite returns the
	// leg is hung up, with call.NormalUnspecified if it was never answered or refused. nil refuses calls with 501.
	OnInvite func(ctx context.Context, leg *Leg)

	// Registrar answers REGISTER; nil refuses it with 405. With a Registrar that asks for passwords, INVITEs are
	// challenged too.
	Registrar *Registrar

	// MaxCalls bounds the legs, MaxPending the incoming INVITEs not yet answered, MaxConns the stream connections;
	// what is beyond gets 503 with Retry-After, or its connection closed. Defaults 2000, 200, 500.
	MaxCalls, MaxPending, MaxConns int

	// T1 is the round-trip estimate that our own repetitions start from (RFC 3261 §17.1.1.1). Default 500 ms.
	T1 time.Duration

	// NoAnswerYet is how long an INVITE may stay without any response before it fails with 408. Default 8 s.
	NoAnswerYet time.Duration

	// Logger; default discards.
	Logger *slog.Logger
}

// Source is where a request outside of any dialog came from.
type Source struct {
	Transport Transport
	Addr      netip.AddrPort // the stand-in address of the node on an overlay UA
	Node      string         // Node-ID of the connection, lower-case hex; overlay only
	User      string         // the certificate's user; overlay only
	Request   string         // user part of the Request-URI
}

// Admission is what is known of an admitted Source.
type Admission struct {
	Trunk         string // name for Info.Trunk
	TrustIdentity bool   // P-Asserted-Identity names the caller (RFC 3325); otherwise only From is read
}

// Peer is who stands at the other end of a connection given to Serve, as proven by its certificate.
type Peer struct {
	Node string // Node-ID, lower-case hex
	User string // the certificate's user, an AoR without scheme
}
