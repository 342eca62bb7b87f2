package sipua

import (
	"log/slog"
	"time"
)

// RegistrarConfig says what a Registrar allows.
type RegistrarConfig struct {
	// Realm of the challenges. Unused without Password.
	Realm string

	// Password of a user; nil asks for none (a registrar on loopback). An unknown user is answered like a wrong
	// password.
	Password func(user string) (Secret, bool)

	// MinExpires and MaxExpires bound a binding's time; shorter ones get 423. Defaults 30 s and 1 h.
	MinExpires, MaxExpires time.Duration

	// MaxContacts of one user. Default 5.
	MaxContacts int

	// OnChange is told after the bindings of a user changed, by request or by time. May be nil.
	OnChange func(user string, bindings []Binding)
}

// Registrar keeps the contacts of the softphones registered at a local UA (RFC 3261 §10.3).
type Registrar struct{}

// NewRegistrar makes an empty one.
func NewRegistrar(c RegistrarConfig) *Registrar { return &Registrar{} }

// Binding is one registered contact.
type Binding struct {
	User    string // user part of the address-of-record
	URI     string // the contact, for InviteConfig.URI
	Hop     Hop    // where it registered from, for InviteConfig.Hop
	Agent   string // its User-Agent
	Expires time.Time
}

// Bindings are the live contacts of a user, the newest first. An empty user means every one.
func (r *Registrar) Bindings(user string) []Binding { return nil }

// RegisterConfig is a registration of ours somewhere else.
type RegisterConfig struct {
	Registrar   string // Request-URI, "sip:carrier.example"
	AoR         Address
	ContactUser string
	Expires     time.Duration // asked for; 0 removes the binding
	Hop         Hop
	Credentials Credentials
	CallID      string // the same for all registrations at one registrar (§10.2)
	CSeq        uint32 // rising by at least 4 from one to the next
}

// Registered is what the registrar granted.
type Registered struct {
	Expires      time.Duration
	ServiceRoute []string // RFC 3608
}

// Credentials answer digest challenges. The zero value answers none.
type Credentials struct {
	User     string
	Password Secret
	Realm    string // only this realm is answered; empty: whichever the next hop asks for
}

// Secret is a password. It prints as dots everywhere.
type Secret string

// String hides the secret.
func (Secret) String() string { return "····" }

// GoString hides the secret.
func (Secret) GoString() string { return "····" }

// LogValue hides the secret.
func (Secret) LogValue() slog.Value { return slog.StringValue("····") }

// MarshalText hides the secret.
func (Secret) MarshalText() ([]byte, error) { return []byte("····"), nil }
