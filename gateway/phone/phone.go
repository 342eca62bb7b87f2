// Package phone is the user's side: an overlay phone. It registers softphones on loopback, carries their calls over
// the overlay and brings calls from the overlay to them; and it places calls by itself (Call).
//
//	softphone ── SIP, RTP on loopback ── Phone ── SIPS and SRTP ── overlay peer or gateway
//
// What is dialed decides the way: a telephone number goes to a gateway found by ReDiR, the most specific prefix first;
// an AoR goes to its nodes directly and, when nobody is there, to the voicemail provider that keeps the mailbox
// (RFC 4458); "voicemail" or *97 is one's own mailbox; another name is a menu of an attendant. A provider that does
// not answer, refuses with 5xx or is gone is passed over for the next one.
//
// Softphones are on this machine and speak for its user: whatever they claim in From, the overlay sees the user of the
// certificate.
package phone

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"tandem/gateway/attach"
	"tandem/gateway/b2bua"
	"tandem/gateway/call"
	"tandem/gateway/media"
	"tandem/gateway/route"
	"tandem/gateway/sipua"
)

// Config says what a Phone is. Fields without "default" are required.
type Config struct {
	AoR    string // the user, user@overlay
	Region string // how national numbers are read, ISO 3166; default "US"

	// Listen is the softphones' side, "127.0.0.1:5060", UDP and TCP; empty: no softphones. Anybody who reaches it can
	// call as this user, so an address other than loopback is refused without Password.
	Listen string

	// User and Password are what a softphone must register with. Without Password any user name and password will do.
	User     string // default: the user part of AoR
	Password sipua.Secret

	Overlay route.Overlay
	Media   *media.Engine

	// Codecs on overlay legs, by preference; default PCMU, PCMA.
	Codecs []call.Codec

	// RingFor is how long people who are called are rung before their mailbox is tried. Default 25 s.
	RingFor time.Duration

	// OnIncoming answers calls from the overlay without a softphone: the handler it returns gets the leg, unanswered.
	// With nil it falls to the softphones. Default: always the softphones.
	OnIncoming func(ctx context.Context, leg call.Leg) call.Handler

	// Gateway says whose certificate (its user, lower case) is a gateway's: only a gateway may say that another user of
	// the overlay calls, whom it has proven itself, a telephone number, or an anonymous caller. Default: nobody's.
	Gateway func(user string) bool

	Logger *slog.Logger // default: discards
}

// CallOptions of a call that the phone places by itself.
type CallOptions struct {
	Codecs   []call.Codec                         // default Config.Codecs
	Progress func(leg call.Leg, p sipua.Progress) // ringing and early media, from a goroutine of the call; may be nil
	RingFor  time.Duration                        // how long people are rung; default Config.RingFor
}

// Status is a snapshot for display.
type Status struct {
	AoR        string
	Listen     string // where softphones register; empty: nowhere
	AnyoneMay  bool   // softphones register without a password
	Softphones []sipua.Binding
	Calls      int // legs, softphones' and the overlay's
}

// Phone is a running overlay phone.
type Phone struct {
	cfg       Config
	log       *slog.Logger
	domain    string // the overlay's name
	overlayUA *sipua.UA
	localUA   *sipua.UA // nil without softphones
	registrar *sipua.Registrar
	peers     *attach.Pool
	calls     sync.WaitGroup // incoming and softphones' calls
}

// New opens the sockets and returns. Run serves.
func New(cfg Config) (*Phone, error) {
	cfg.AoR = strings.ToLower(cfg.AoR)
	user, domain, ok := strings.Cut(cfg.AoR, "@")
	if !ok || user == "" || domain == "" || cfg.Overlay == nil || cfg.Media == nil {
		return nil, fmt.Errorf("phone: AoR %q, Overlay and Media are required", cfg.AoR)
	}
	cfg.Region, cfg.RingFor = cmp.Or(cfg.Region, "US"), cmp.Or(cfg.RingFor, route.DefaultRingMS*time.Millisecond)
	cfg.User = cmp.Or(cfg.User, user)
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	p := &Phone{cfg: cfg, log: cfg.Logger, domain: domain}
	var err error
	p.overlayUA, err = sipua.Start(sipua.Config{Side: call.Overlay, Domain: domain, MaxCalls: maxCalls, NewMedia: p.overlayMedia,
		OnInvite: p.fromOverlay, Logger: cfg.Logger})
	if err != nil {
		return nil, fmt.Errorf("start the overlay user agent: %w", err)
	}
	p.peers = attach.New(p.overlayUA, cfg.Overlay, cfg.Media)
	if err := p.listen(); err != nil {
		return nil, errors.Join(err, p.overlayUA.Close(context.Background()))
	}
	return p, nil
}

// maxCalls bounds the legs of one person's phone on each side.
const maxCalls = 32

// listen opens the softphones' side.
func (p *Phone) listen() error {
	if p.cfg.Listen == "" {
		return nil
	}
	if p.cfg.Password == "" && !loopback(p.cfg.Listen) {
		return fmt.Errorf("phone: %s is not a loopback address, so softphones need a password", p.cfg.Listen)
	}
	rc := sipua.RegistrarConfig{Realm: p.domain}
	if p.cfg.Password != "" {
		rc.Password = func(user string) (sipua.Secret, bool) { return p.cfg.Password, strings.EqualFold(user, p.cfg.User) }
	}
	p.registrar = sipua.NewRegistrar(rc)
	var err error
	p.localUA, err = sipua.Start(sipua.Config{Side: call.Local, UDP: p.cfg.Listen, TCP: p.cfg.Listen, Registrar: p.registrar,
		MaxCalls: maxCalls, NewMedia: p.localMedia, OnInvite: p.fromSoftphone, Logger: p.log})
	if err != nil {
		return fmt.Errorf("listen for softphones on %s: %w", p.cfg.Listen, err)
	}
	return nil
}

func loopback(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return false
	}
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// silence is how long one side of a call may send no media before the call counts as dead.
const silence = time.Minute

// limits of the calls that are joined here.
func (p *Phone) limits() b2bua.Limits {
	return b2bua.Limits{Silence: silence, Lost: p.lost}
}

// lost says that the connection to a leg's node is gone.
func (p *Phone) lost(leg *sipua.Leg) bool {
	node := leg.Info().Node
	return node != "" && !p.overlayUA.Reach(node)
}

// closing is how long BYEs may take at the end.
const closing = 5 * time.Second

// Run serves until ctx ends, then hangs up politely and closes the sockets.
func (p *Phone) Run(ctx context.Context) error {
	<-ctx.Done()
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), closing)
	defer cancel()
	err := p.overlayUA.Close(end)
	if p.localUA != nil {
		err = errors.Join(err, p.localUA.Close(end))
	}
	p.calls.Wait()
	return err
}

// Serve takes over a SIPS connection that the overlay accepted (application 5061).
func (p *Phone) Serve(conn net.Conn, peer route.Peer) error { return p.peers.Serve(conn, peer) }

// Revoke says which nodes (Node-IDs, lower-case hex) are revoked, all of them. Their connections are closed and no new
// ones taken.
func (p *Phone) Revoke(nodes []string) { p.peers.Revoke(nodes) }

// Status tells how it is.
func (p *Phone) Status() Status {
	s := Status{AoR: p.cfg.AoR, Calls: p.overlayUA.Calls()}
	if p.localUA != nil {
		s.Listen, s.AnyoneMay = p.localUA.Addr(sipua.UDP).String(), p.cfg.Password == ""
		s.Softphones, s.Calls = p.registrar.Bindings(""), s.Calls+p.localUA.Calls()
	}
	return s
}

func (p *Phone) overlayMedia(leg *sipua.Leg) (sipua.Media, error) {
	return p.peers.Media(leg.Info().Node, p.cfg.Codecs)
}

// localMedia makes the media of a softphone's leg: plain RTP, it stays on this machine.
func (p *Phone) localMedia(*sipua.Leg) (sipua.Media, error) {
	return p.localSession(p.localUA.Addr(sipua.UDP).Addr())
}

func (p *Phone) localSession(peer netip.Addr) (*media.Session, error) {
	return p.cfg.Media.NewSession(media.SessionConfig{Peer: peer, Security: media.Forbidden})
}
