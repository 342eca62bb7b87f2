package sipua

import (
	"crypto/tls"

	"tandem/gateway/call"
)

// Hop is the next hop of a request. It alone decides where the request goes.
type Hop struct {
	Transport Transport
	Host      string      // address or name; names are resolved here (RFC 3263: SRV without port, then A and AAAA)
	Port      int         // 0: SRV, or the transport's default
	TLS       *tls.Config // for TLS; ServerName defaults to Host
	Node      string      // Node-ID in hex instead of all of the above, on an overlay UA
}

// Address is a display name and a URI.
type Address struct {
	Name string // shown to people; quoted and cleaned on the way out
	URI  string // "sip:alice@example.com", "tel:+15551234567"
}

// Header is an extra header of a request.
type Header struct{ Name, Value string }

// Diversion says for whom the call was first (RFC 5806, and as History-Info RFC 7044).
type Diversion struct {
	URI    string
	Reason string // "no-answer", "user-busy", "unconditional", …
}

// Identity is what an INVITE says of the caller besides From.
type Identity struct {
	Asserted  string // P-Asserted-Identity URI (RFC 3325); empty sends none
	Preferred string // P-Preferred-Identity URI
	Private   bool   // Privacy: id (RFC 3323)
}

// InviteConfig describes a call that goes out.
type InviteConfig struct {
	URI       string   // Request-URI, required; RFC 4458 parameters go here
	From, To  Address  // default To: the Request-URI
	Identity  Identity //
	Diversion []Diversion
	Headers   []Header // none of those that this package writes itself
	Route     []string // preloaded route set
	Hop       Hop

	// ContactUser is the user part of our Contact; default the user part of From.
	ContactUser string

	// Media makes the offer. It belongs to the leg once Invite returned without error. Required.
	Media Media

	// Credentials answer a challenge of this next hop, and of nobody else. Zero: a challenge is a refusal.
	Credentials Credentials

	// MaxForwards is sent as such; 0 means 70 (RFC 3261 §8.1.1.6). A B2BUA passes one less than it received.
	MaxForwards int

	// Info is what Leg.Info gives; Side, Trunk and Node are filled in when empty.
	Info call.Info
}

// Progress is a provisional response.
type Progress struct {
	Status     int  // 180, 183, …
	EarlyMedia bool // it carried an answer: audio flows, no local ringback is needed
}
