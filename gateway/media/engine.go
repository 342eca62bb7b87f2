package media

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"tandem/gateway/call"
)

// Config describes an Engine.
type Config struct {
	// Listen is the address the sockets bind to; the zero value binds to all IPv4 addresses.
	Listen netip.Addr
	// Advertise is the address written into SDP for peers that are not on this host; the zero value takes Listen,
	// or the address from which the system would reach the session's peer.
	Advertise netip.Addr
	// PortMin and PortMax bound the UDP ports, both included; a session takes two. Zero: any free ports.
	PortMin, PortMax uint16
	// Logger receives what an operator may want to know; nil logs nothing.
	Logger *slog.Logger
}

// EngineStats counts over all sessions of an engine, ended ones included.
type EngineStats struct {
	Sessions                 int    // open now
	Sent, Received, Strays   uint64 // packets
	SentBytes, ReceivedBytes uint64 // payload bytes
}

// An Engine owns the media ports and the sessions that use them.
type Engine struct {
	cfg   Config
	log   *slog.Logger
	ports *ports

	mu       sync.Mutex
	sessions map[*Session]struct{}
	closed   bool

	stop chan struct{}
	wg   sync.WaitGroup // the housekeeper and every session's readers

	sent, received, strays   atomic.Uint64
	sentBytes, receivedBytes atomic.Uint64
}

// housekeeping is how often sessions are looked after: RTCP, digits whose end was lost.
const housekeeping = 100 * time.Millisecond

// NewEngine starts an engine.
func NewEngine(cfg Config) (*Engine, error) {
	if !cfg.Listen.IsValid() {
		cfg.Listen = netip.IPv4Unspecified()
	}
	if cfg.PortMin != 0 && (cfg.PortMin < 1024 || int(cfg.PortMax) < int(cfg.PortMin+cfg.PortMin&1)+1) {
		return nil, fmt.Errorf("media: ports %d to %d hold no pair above 1023", cfg.PortMin, cfg.PortMax)
	}
	e := &Engine{cfg: cfg, log: cfg.Logger, ports: newPorts(cfg.Listen, cfg.PortMin, cfg.PortMax),
		sessions: make(map[*Session]struct{}), stop: make(chan struct{})}
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	e.wg.Add(1)
	go e.keepHouse()
	return e, nil
}

// NewSession opens the ports of a session and starts to listen on them. It sends nothing before a description of the
// far side is known. The errors are ErrNoPort, ErrClosed and the system's.
func (e *Engine) NewSession(cfg SessionConfig) (*Session, error) {
	addr, err := e.address(cfg.Peer.Unmap())
	if err != nil {
		return nil, err
	}
	rtp, rtcp, err := e.ports.open(time.Now())
	if err != nil {
		return nil, err
	}
	if cfg.Codecs == nil {
		cfg.Codecs = []call.Codec{call.PCMU, call.PCMA}
	}
	s := newSession(e, cfg, rtp, rtcp, netip.AddrPortFrom(addr, local(rtp).Port()))
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		rtp.Close()
		rtcp.Close()
		return nil, ErrClosed
	}
	e.sessions[s] = struct{}{}
	e.wg.Add(3)
	go s.read(s.rtp, s.takeRTP)
	go s.read(s.rtcp, s.takeRTCP)
	v := voice{s: s, pace: newPacer(samplesTime(call.FrameSamples))}
	go v.run()
	return s, nil
}

// address is the one the far side is told to send to.
func (e *Engine) address(peer netip.Addr) (netip.Addr, error) {
	switch {
	case peer.IsLoopback() && e.cfg.Listen.IsUnspecified():
		return peer, nil
	case peer.IsLoopback():
		return e.cfg.Listen, nil
	case e.cfg.Advertise.IsValid():
		return e.cfg.Advertise, nil
	case !e.cfg.Listen.IsUnspecified():
		return e.cfg.Listen, nil
	case !peer.IsValid():
		return netip.AddrFrom4([4]byte{127, 0, 0, 1}), nil
	}
	return toward(peer)
}

func (e *Engine) keepHouse() {
	defer e.wg.Done()
	tick := time.NewTicker(housekeeping)
	defer tick.Stop()
	var all []*Session
	for {
		select {
		case <-e.stop:
			return
		case now := <-tick.C:
			all = e.list(all[:0])
			for _, s := range all {
				s.housekeep(now)
			}
		}
	}
}

func (e *Engine) list(all []*Session) []*Session {
	e.mu.Lock()
	defer e.mu.Unlock()
	for s := range e.sessions {
		all = append(all, s)
	}
	return all
}

func (e *Engine) forget(s *Session) {
	e.ports.release(local(s.rtp).Port(), time.Now())
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.sessions, s)
}

// Stats counts.
func (e *Engine) Stats() EngineStats {
	e.mu.Lock()
	defer e.mu.Unlock()
	return EngineStats{Sessions: len(e.sessions), Sent: e.sent.Load(), Received: e.received.Load(), Strays: e.strays.Load(),
		SentBytes: e.sentBytes.Load(), ReceivedBytes: e.receivedBytes.Load()}
}

// Close closes every session that is left and waits for their goroutines. Twice is harmless.
func (e *Engine) Close() error {
	e.mu.Lock()
	was := e.closed
	e.closed = true
	e.mu.Unlock()
	if !was {
		close(e.stop)
	}
	for _, s := range e.list(nil) {
		s.Close()
	}
	e.wg.Wait()
	return nil
}

// interval is the time to a session's next RTCP report: 5 s, spread as RFC 3550 §6.3.1 spreads it.
func interval() time.Duration {
	return 2500*time.Millisecond + time.Duration(rand.Int64N(int64(5*time.Second)))
}
