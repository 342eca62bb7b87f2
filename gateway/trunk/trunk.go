// Package trunk keeps the gateway's SIP trunks: their registrations, their state, which of them an incoming INVITE
// belongs to, and calls out through them.
//
// A Set holds them all and is replaced at run time: Replace starts what is new, stops what is gone and leaves alone
// what did not change. It is wired in a circle: the Set is made first, its AllowSource and Admit go into the
// configuration of the trunk user agent, and Attach gives the Set that user agent.
//
// A trunk is recognized by the address that packets come from, never by what a message says. Passwords leave only
// towards the trunk's own host. Which number may go through which trunk is decided in package route.
package trunk

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"net/netip"
	"strings"
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

// Format is how a carrier wants numbers written.
type Format string

// The formats.
const (
	Plus   Format = "plus"   // +15551234567
	Digits Format = "digits" // 15551234567
	Zeros  Format = "zeros"  // 0015551234567
)

// Identity says where the caller's number is put besides From (RFC 3325).
type Identity string

// The places.
const (
	Asserted  Identity = "asserted"  // P-Asserted-Identity
	Preferred Identity = "preferred" // P-Preferred-Identity
	NoneGiven Identity = "none"
)

// Trunk is the configuration of one trunk.
type Trunk struct {
	Name       string          // unique, shown everywhere
	Host       string          // the carrier's proxy and registrar
	Port       int             // 0: SRV, or the transport's default
	Transport  sipua.Transport // default UDP
	Mode       Mode            // default by address
	User       string          // registered user, and the user of From in register mode
	AuthUser   string          // digest user; default User
	Password   sipua.Secret
	Realm      string         // only this realm gets our digest; empty: the one the carrier asks for first
	FromDomain string         // host of From and of the address-of-record; default Host
	Codecs     []call.Codec   // in order of preference; default PCMU, PCMA
	SRTP       SRTP           // default forbidden
	MaxCalls   int            // concurrent, both directions; 0 unlimited
	Sources    []netip.Prefix // where its INVITEs come from besides Host's addresses
	Expires    time.Duration  // registration asked for; default 1 h
	Insecure   bool           // the TLS certificate is not verified: for a carrier without a proper one
	Format     Format         // default plus
	Identity   Identity       // default asserted by address, preferred in register mode
	Probe      time.Duration  // OPTIONS this often, by address only; 0 never: some carriers do not answer it
}

func (t Trunk) withDefaults() Trunk {
	t.Transport = sipua.Transport(strings.ToUpper(string(cmp.Or(t.Transport, sipua.UDP))))
	t.Mode = cmp.Or(t.Mode, ByAddress)
	t.AuthUser = cmp.Or(t.AuthUser, t.User)
	t.FromDomain = cmp.Or(t.FromDomain, t.Host)
	t.SRTP = cmp.Or(t.SRTP, SRTPForbidden)
	t.Expires = cmp.Or(t.Expires, time.Hour)
	t.Format = cmp.Or(t.Format, Plus)
	if len(t.Codecs) == 0 {
		t.Codecs = []call.Codec{call.PCMU, call.PCMA}
	}
	if t.Identity == "" {
		t.Identity = Asserted
		if t.Mode == Register {
			t.Identity = Preferred
		}
	}
	return t
}

// validate gives every problem of a trunk, in sentences.
func (t Trunk) validate() error {
	var errs []error
	problem := func(wrong bool, format string, args ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf("trunk %q: "+format, append([]any{t.Name}, args...)...))
		}
	}
	problem(t.Name == "", "it has no name")
	problem(t.Host == "" || strings.ContainsAny(t.Host, " <>@;?\r\n\""), "%q is not a host", t.Host)
	problem(t.Port < 0 || t.Port > 65535, "%d is not a port", t.Port)
	problem(t.Transport != sipua.UDP && t.Transport != sipua.TCP && t.Transport != sipua.TLS,
		"transport %q is none of UDP, TCP, TLS", t.Transport)
	problem(t.Mode != Register && t.Mode != ByAddress, "mode %q is neither register nor address", t.Mode)
	problem(t.Mode == Register && t.User == "", "registering needs a user")
	problem(t.SRTP != SRTPForbidden && t.SRTP != SRTPOptional && t.SRTP != SRTPRequired, "unknown SRTP policy %q", t.SRTP)
	problem(t.Format != Plus && t.Format != Digits && t.Format != Zeros, "unknown number format %q", t.Format)
	problem(t.Identity != Asserted && t.Identity != Preferred && t.Identity != NoneGiven, "unknown identity %q", t.Identity)
	problem(t.Expires < 30*time.Second || t.Expires > 24*time.Hour, "a registration of %v is not between half a minute and a day", t.Expires)
	problem(t.MaxCalls < 0, "%d calls is less than none", t.MaxCalls)
	return errors.Join(errs...)
}

func (t Trunk) hop() sipua.Hop {
	h := sipua.Hop{Transport: t.Transport, Host: t.Host, Port: t.Port}
	if t.Transport == sipua.TLS {
		h.TLS = &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: t.Insecure}
	}
	return h
}

// hostPort is the host part of the trunk's URIs.
func (t Trunk) hostPort() string {
	host := t.Host
	if a, err := netip.ParseAddr(host); err == nil && a.Is6() {
		host = "[" + host + "]"
	}
	if t.Port != 0 {
		return fmt.Sprintf("%s:%d", host, t.Port)
	}
	return host
}

func (t Trunk) credentials() sipua.Credentials {
	return sipua.Credentials{User: t.AuthUser, Password: t.Password, Realm: t.Realm}
}

// write puts a number into the carrier's format. What is not an international number stays as it is.
func (f Format) write(number string) string {
	digits, international := strings.CutPrefix(number, "+")
	if !international {
		return number
	}
	switch f {
	case Digits:
		return digits
	case Zeros:
		return "00" + digits
	}
	return number
}
