// Package carrier is a small SIP carrier to try a gateway with: a registrar with digest authentication, numbers
// that answer, echo, are busy or never answer, and calls in to whoever registered.
//
// It stands in for the telephone network in the demo and the end-to-end tests, so it shares nothing with the
// gateway but libraries: its SIP dialogs are sipgo's own, its media and its measuring of what it heard are here.
// It speaks A-law only, as many carriers do, over plain RTP.
package carrier

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"
)

// Config says who may use the carrier and where it listens.
type Config struct {
	Listen   string // UDP address, such as 127.0.0.1:5070; port 0 takes a free one
	User     string // the customer's account
	Password string // its digest password
	Tone     float64
	Record   string      // directory for recordings of answered calls; empty: none
	Events   func(Event) // told of everything that happens; nil: nobody
	Log      *slog.Logger
}

// Event is one thing that happened at the carrier.
type Event struct {
	Time   time.Time `json:"time"`
	Event  string    `json:"event"` // registered, unregistered, refused, incoming, calling, ringing, answered, ended, failed
	Call   string    `json:"call,omitempty"`
	From   string    `json:"from,omitempty"`
	To     string    `json:"to,omitempty"`
	Status int       `json:"status,omitempty"`
	Text   string    `json:"text,omitempty"`
	Heard  *Heard    `json:"heard,omitempty"` // with ended
	File   string    `json:"file,omitempty"`  // the recording, with ended
}

// String is the event as a line for people.
func (e Event) String() string {
	line := e.Time.Format("15:04:05.000") + " " + e.Event
	for _, part := range []struct{ before, value string }{{" ", e.From}, {" to ", e.To}, {": ", e.Text}} {
		if part.value != "" {
			line += part.before + part.value
		}
	}
	if e.Heard != nil {
		line += fmt.Sprintf(", heard %.1f s of audio", e.Heard.Seconds)
		if e.Heard.Frequency > 0 {
			line += fmt.Sprintf(", %.1f Hz at %.1f dB", e.Heard.Frequency, e.Heard.Level)
		}
		if e.Heard.Digits != "" {
			line += ", digits " + e.Heard.Digits
		}
	}
	return line
}

// realm of all challenges. Digest binds the password to it.
const realm = "carrier.tandem"

// Carrier is a running carrier.
type Carrier struct {
	cfg    Config
	log    *slog.Logger
	conn   net.PacketConn
	addr   netip.AddrPort
	ua     *sipgo.UserAgent
	srv    *sipgo.Server
	server *sipgo.DialogServerCache
	client *sipgo.DialogClientCache
	auth   *authenticator
	served chan struct{}
	calls  sync.WaitGroup
	ctx    context.Context // ends with the carrier; every call's context comes from it
	stop   context.CancelFunc

	mu      sync.Mutex
	contact sip.Uri   // where the customer registered
	source  string    // the address the registration came from
	expires time.Time // zero: nobody is registered
	waiting []chan struct{}
}

// Start opens the socket and serves until Close.
func Start(cfg Config) (*Carrier, error) {
	if cfg.User == "" || cfg.Password == "" {
		return nil, errors.New("the carrier needs a user and a password for its customer")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Events == nil {
		cfg.Events = func(Event) {}
	}
	if cfg.Tone == 0 {
		cfg.Tone = 1333
	}
	conn, err := net.ListenPacket("udp", cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("open the carrier's SIP socket: %w", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	c := &Carrier{
		cfg: cfg, log: cfg.Log, conn: conn, auth: newAuthenticator(cfg.User, cfg.Password),
		addr: conn.LocalAddr().(*net.UDPAddr).AddrPort(), served: make(chan struct{}), ctx: ctx, stop: stop,
	}
	if err := c.serve(); err != nil {
		stop()
		_ = conn.Close()
		return nil, err
	}
	return c, nil
}

func (c *Carrier) serve() error {
	ua, err := sipgo.NewUA(sipgo.WithUserAgent("carrier"), sipgo.WithUserAgentHostname(c.addr.Addr().String()))
	if err != nil {
		return fmt.Errorf("make the carrier's user agent: %w", err)
	}
	c.ua = ua
	if c.srv, err = sipgo.NewServer(ua, sipgo.WithServerLogger(c.log)); err != nil {
		return fmt.Errorf("make the carrier's server: %w", err)
	}
	client, err := sipgo.NewClient(ua, sipgo.WithClientHostname(c.addr.Addr().String()),
		sipgo.WithClientPort(int(c.addr.Port())), sipgo.WithClientConnectionAddr(c.addr.String()), sipgo.WithClientLogger(c.log))
	if err != nil {
		return fmt.Errorf("make the carrier's client: %w", err)
	}
	contact := sip.ContactHeader{Address: sip.Uri{Scheme: "sip", User: "carrier", Host: c.addr.Addr().String(), Port: int(c.addr.Port())}}
	c.server = sipgo.NewDialogServerCache(client, contact)
	c.client = sipgo.NewDialogClientCache(client, contact)

	c.srv.OnRegister(c.onRegister)
	c.srv.OnInvite(c.onInvite)
	c.srv.OnAck(func(req *sip.Request, tx sip.ServerTransaction) { _ = c.server.ReadAck(req, tx) })
	c.srv.OnBye(c.onBye)
	c.srv.OnOptions(func(req *sip.Request, tx sip.ServerTransaction) { respond(tx, req, 200, "OK") })
	go func() {
		defer close(c.served)
		_ = c.srv.ServeUDP(c.conn)
	}()
	return nil
}

// Addr is where the carrier listens.
func (c *Carrier) Addr() netip.AddrPort { return c.addr }

// Close hangs up all calls and stops.
func (c *Carrier) Close() {
	c.stop()
	c.calls.Wait()
	_ = c.ua.Close()
	_ = c.conn.Close()
	<-c.served
}

// WaitRegistered returns when a customer is registered.
func (c *Carrier) WaitRegistered(ctx context.Context) error {
	c.mu.Lock()
	if time.Now().Before(c.expires) {
		c.mu.Unlock()
		return nil
	}
	ready := make(chan struct{})
	c.waiting = append(c.waiting, ready)
	c.mu.Unlock()
	select {
	case <-ready:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("nobody registered at the carrier: %w", context.Cause(ctx))
	}
}

func (c *Carrier) onBye(req *sip.Request, tx sip.ServerTransaction) {
	if c.server.ReadBye(req, tx) == nil || c.client.ReadBye(req, tx) == nil {
		return
	}
	respond(tx, req, 481, "Call/Transaction Does Not Exist")
}

func (c *Carrier) event(e Event) {
	e.Time = time.Now()
	c.cfg.Events(e)
}

func respond(tx sip.ServerTransaction, req *sip.Request, status int, reason string, headers ...sip.Header) {
	res := sip.NewResponseFromRequest(req, status, reason, nil)
	for _, h := range headers {
		res.AppendHeader(h)
	}
	_ = tx.Respond(res)
}

// seconds reads an Expires value; the default of RFC 3261 §10.2 is left to the registrar.
func seconds(s string) (time.Duration, bool) {
	n, err := strconv.ParseUint(strings.TrimSpace(s), 10, 32)
	return time.Duration(n) * time.Second, err == nil
}
