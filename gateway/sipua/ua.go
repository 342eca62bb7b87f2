package sipua

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
	"golang.org/x/sync/singleflight"

	"tandem/gateway/call"
)

// A UA is one user agent: sockets or handed-in connections, and the legs over them.
type UA struct {
	cfg  Config
	log  *slog.Logger
	ctx  context.Context // ends when Close has hung everything up
	stop context.CancelFunc
	wg   sync.WaitGroup // every goroutine started here

	transport    *sip.TransportLayer
	transactions *sip.TransactionLayer
	udp          net.PacketConn // nil without
	listeners    map[Transport]net.Listener
	tcp, tls     *handoff
	dials        singleflight.Group
	tagKey       [16]byte // see tagFor

	mu       sync.Mutex
	streams  map[streamKey]*stream
	nodes    map[string][]*stream // overlay: by Node-ID, newest last
	accepted int
	legs     map[dialogKey]*Leg
	calls    int
	pending  int
	draining bool
	closed   bool

	seen *arrivals
}

// Start listens and returns when it does. Close ends it.
func Start(cfg Config) (*UA, error) {
	cfg = cfg.withDefaults()
	if err := cfg.check(); err != nil {
		return nil, err
	}
	u := &UA{
		cfg: cfg, log: cfg.Logger, listeners: map[Transport]net.Listener{}, tcp: newHandoff(1), tls: newHandoff(2),
		streams: map[streamKey]*stream{}, nodes: map[string][]*stream{}, legs: map[dialogKey]*Leg{},
		seen: newArrivals(),
	}
	_, _ = rand.Read(u.tagKey[:])
	u.ctx, u.stop = context.WithCancel(context.Background())
	u.transport, u.transactions = newLayers(u.arrive, u.stray)
	u.transactions.OnRequest(u.handle)
	if err := u.listen(); err != nil {
		_ = u.Close(context.Background())
		return nil, err
	}
	return u, nil
}

func (c Config) withDefaults() Config {
	for _, d := range []struct {
		v *int
		d int
	}{{&c.MaxCalls, 2000}, {&c.MaxPending, 200}, {&c.MaxConns, 500}} {
		if *d.v == 0 {
			*d.v = d.d
		}
	}
	if c.T1 == 0 {
		c.T1 = 500 * time.Millisecond
	}
	if c.NoAnswerYet == 0 {
		c.NoAnswerYet = 8 * time.Second
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

func (c Config) check() error {
	switch {
	case c.Side == call.Overlay && (c.UDP != "" || c.TCP != "" || c.TLS != ""):
		return errors.New("sipua: an overlay user agent has no sockets of its own")
	case c.Side == call.Overlay && c.Domain == "":
		return errors.New("sipua: an overlay user agent needs the overlay's name")
	case c.TLS != "" && c.TLSServer == nil:
		return errors.New("sipua: listening on TLS needs a certificate")
	}
	return nil
}

func (u *UA) listen() error {
	u.wg.Go(func() { _ = u.transport.ServeTCP(u.tcp) })
	u.wg.Go(func() { _ = u.transport.ServeTLS(u.tls) })
	if u.cfg.UDP != "" {
		pc, err := net.ListenPacket("udp", u.cfg.UDP)
		if err != nil {
			return fmt.Errorf("listen for SIP over UDP on %s: %w", u.cfg.UDP, err)
		}
		udp := &packets{PacketConn: pc, allow: u.allowed, log: u.log, pooled: make(chan struct{})}
		u.udp = udp
		u.wg.Go(func() { _ = u.transport.ServeUDP(udp) })
		<-udp.pooled
	}
	if err := u.listenStream(TCP, u.cfg.TCP, nil); err != nil {
		return err
	}
	return u.listenStream(TLS, u.cfg.TLS, u.cfg.TLSServer)
}

func (u *UA) listenStream(t Transport, addr string, conf *tls.Config) error {
	if addr == "" {
		return nil
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("listen for SIP over %s on %s: %w", t, addr, err)
	}
	u.listeners[t] = l
	u.wg.Go(func() { u.acceptFrom(l, t, conf) })
	return nil
}

// Addr is the address that transport t listens on; the zero value when it does not.
func (u *UA) Addr(t Transport) netip.AddrPort {
	if t == UDP && u.udp != nil {
		return addrPort(u.udp.LocalAddr())
	}
	if l, ok := u.listeners[t]; ok {
		return addrPort(l.Addr())
	}
	return netip.AddrPort{}
}

// Calls is the number of legs.
func (u *UA) Calls() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.calls
}

// Drain refuses new calls with 503 from now on; calls that are up go on.
func (u *UA) Drain() {
	u.mu.Lock()
	u.draining = true
	u.mu.Unlock()
}

// HangUp refuses new calls with 503 from now on and hangs up every leg. It returns when the far sides know, or with ctx.
func (u *UA) HangUp(ctx context.Context, c call.Cause) error {
	u.Drain()
	for _, l := range u.allLegs() {
		l.Hangup(c)
	}
	return u.waitLegs(ctx)
}

// Close hangs up every leg, closes the sockets and connections, and waits for both, until ctx ends.
func (u *UA) Close(ctx context.Context) error {
	err := u.HangUp(ctx, call.NormalClearing)
	u.mu.Lock()
	u.closed = true
	u.mu.Unlock()
	u.stop()
	for _, l := range u.allLegs() {
		l.abandon()
	}
	u.closeSockets()
	u.transactions.Close()
	_ = u.transport.Close()
	if u.cfg.Registrar != nil {
		u.cfg.Registrar.close()
	}
	u.wg.Wait()
	return err
}

func (u *UA) closeSockets() {
	_ = u.tcp.Close()
	_ = u.tls.Close()
	for _, l := range u.listeners {
		_ = l.Close()
	}
	u.mu.Lock()
	streams := make([]*stream, 0, len(u.streams))
	for _, s := range u.streams {
		streams = append(streams, s)
	}
	u.mu.Unlock()
	for _, s := range streams {
		_ = s.Close()
	}
	if u.udp != nil {
		_ = u.udp.Close()
	}
}

// waitLegs returns when no leg has anything left to say.
func (u *UA) waitLegs(ctx context.Context) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for u.Calls() > 0 {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("hang up: %d calls left: %w", u.Calls(), context.Cause(ctx))
		}
	}
	return nil
}

func (u *UA) allLegs() []*Leg {
	u.mu.Lock()
	defer u.mu.Unlock()
	legs := make([]*Leg, 0, len(u.legs))
	for _, l := range u.legs {
		legs = append(legs, l)
	}
	return legs
}
