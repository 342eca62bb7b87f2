// Package trunk keeps the gateway's SIP trunks: their registrations, their state, which of them an incoming INVITE
// belongs to, and calls out through them.
//
// A Set holds them all and is replaced at run time: Replace starts what is new, stops what is gone and leaves alone
// what did not change. Set is given to the trunk UA: AllowSource, Admit.
package trunk

import (
	"context"
	"log/slog"
	"net/netip"
	"time"

	"tandem/gateway/call"
	"tandem/gateway/sipua"
)

// Mode says how a carrier knows us.
type Mode string

// The two ways.
const (
	Register  Mode = "register" // we register with user and password
	ByAddress Mode = "address"  // the carrier knows our address
)

// SRTP says whether media on the trunk is encrypted.
type SRTP string

// SRTP policies.
const (
	SRTPForbidden SRTP = "forbidden"
	SRTPOptional  SRTP = "optional"
	SRTPRequired  SRTP = "required"
)

// Trunk is the configuration of one trunk.
type Trunk struct {
	Name       string // unique, shown everywhere
	Host       string // the carrier's proxy and registrar
	Port       int    // 0: SRV, or the transport's default
	Transport  sipua.Transport
	Mode       Mode
	User       string         // registered user, and the default From user
	AuthUser   string         // digest user; default User
	Password   sipua.Secret   //
	Realm      string         // only this realm gets our digest; empty: whichever the carrier asks for
	FromDomain string         // host of From and of the address-of-record; default Host
	Codecs     []call.Codec   // in order of preference; default PCMU, PCMA
	SRTP       SRTP           // default forbidden
	MaxCalls   int            // concurrent, both directions; 0 unlimited
	Sources    []netip.Prefix // where its INVITEs come from besides Host's addresses
	Expires    time.Duration  // registration asked for; default 1 h
	Insecure   bool           // TLS certificate not verified; a carrier without a proper one
}

// State is a snapshot of a trunk for display.
type State struct {
	Name            string
	Up              bool      // calls can go out
	RegisteredUntil time.Time // zero when not registered
	Calls           int
	LastError       string // in plain words; empty when all is well
	LastErrorAt     time.Time
}

// Config of a Set.
type Config struct {
	Logger *slog.Logger
	// Backoff is the first wait after a failed registration, doubled up to MaxBackoff, with jitter. Defaults 2 s, 5 min.
	Backoff, MaxBackoff time.Duration
}

// Set is all trunks.
type Set struct{}

// NewSet makes an empty Set. Attach gives it its UA.
func NewSet(c Config) *Set { return &Set{} }

// Attach gives the set the UA that it registers and calls with. Once, before Replace.
func (s *Set) Attach(ua *sipua.UA) {}

// Replace makes trunks the set's trunks. Every problem of the list is returned at once, and then nothing changed.
func (s *Set) Replace(ctx context.Context, trunks []Trunk) error { return nil }

// Get gives the trunk of this name.
func (s *Set) Get(name string) (Trunk, bool) { return Trunk{}, false }

// States are all trunks, by name.
func (s *Set) States() []State { return nil }

// Close unregisters every trunk and stops, until ctx ends.
func (s *Set) Close(ctx context.Context) error { return nil }

// AllowSource says whether an address belongs to any trunk; for sipua.Config.
func (s *Set) AllowSource(a netip.Addr) bool { return false }

// Admit matches an INVITE to a trunk; for sipua.Config.
func (s *Set) Admit(src sipua.Source) (sipua.Admission, bool) { return sipua.Admission{}, false }

// CallOptions are the details of a call out.
type CallOptions struct {
	Media       sipua.Media
	Diversion   []sipua.Diversion
	MaxForwards int
	Headers     []sipua.Header
	Info        call.Info
}

// Call sends an INVITE for a number through the named trunk. Errors: ErrUnknown, ErrDown, ErrFull, or why the
// carrier cannot be reached.
func (s *Set) Call(ctx context.Context, trunk, number string, from call.Party, o CallOptions) (*sipua.Leg, error) {
	return nil, nil
}

// Take counts an incoming call against the trunk's MaxCalls; the release function must be called once. ErrFull.
func (s *Set) Take(name string) (release func(), err error) { return nil, nil }
