package media

import (
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/srtp/v3"

	"tandem/gateway/call"
)

// SessionConfig describes the media of one leg.
type SessionConfig struct {
	// Peer is the address the leg's signalling comes from or goes to. It decides which of our addresses the far side
	// is told, and which addresses its SDP may name: a peer on this host may name loopback, a peer in a private
	// network may name private addresses, nobody may name multicast, link-local, unspecified or broadcast ones, or
	// ports below 1024. What it may not name is not sent to until the far side has been heard from (latching).
	// Unset: loopback and private addresses are believed.
	Peer netip.Addr
	// Codecs the leg may use, in the order we offer them; an offer's own order is kept. nil: PCMU, PCMA.
	Codecs []call.Codec
	// Security is the leg's SRTP policy.
	Security Security
	// NoEvents leaves telephone-event (RFC 4733) out of what we offer and accept; digits are then sent as tones.
	NoEvents bool
	// OnDigit, when set, is told of every digit received, once, besides Digits. It must not block and must not call
	// the session.
	OnDigit func(call.Digit)
}

// A Session is the media of one leg. Its methods may be called from any goroutine.
//
// Locks, in this order: mu (negotiation, partner), rx.mu (everything received), tx.mu (everything sent). A packet that
// is relayed holds rx.mu of the session it came to and takes tx.mu of the other.
type Session struct {
	engine    *Engine
	cfg       SessionConfig
	log       *slog.Logger
	rtp, rtcp *net.UDPConn
	local     netip.AddrPort // as SDP says
	done      chan struct{}
	end       sync.Once

	mu       sync.Mutex
	sdpID    uint64 // of o=; also orders the locks of two sessions
	version  uint64
	sections string // of the last description we sent
	said     []byte // that description
	offering bool
	offered  []cryptoLine
	masters  [len(suites)]master
	contexts [len(suites)]*srtp.Context
	secured  bool // it has been secure once, so it stays so
	wanted   Direction
	eventPT  uint8
	stopPlay chan struct{} // closed when a bridge ends what is being played

	terms   atomic.Pointer[terms]          // nil until negotiated
	dest    atomic.Pointer[netip.AddrPort] // where RTP goes; nil: nowhere yet
	peer    atomic.Pointer[Session]        // the bridged one
	playing atomic.Pointer[player]         // what is played
	wake    chan struct{}                  // tells the voice to look around

	playTurn, recordTurn, dialTurn chan struct{} // one token each
	digits                         chan call.Digit
	forward                        chan byte // digits to be dialed to the partner
	forwarding                     sync.Once

	rx receiver
	tx sender
}

func newSession(e *Engine, cfg SessionConfig, rtp, rtcp *net.UDPConn, addr netip.AddrPort) *Session {
	s := &Session{
		engine: e, cfg: cfg, log: e.log, rtp: rtp, rtcp: rtcp, local: addr, done: make(chan struct{}),
		sdpID: rand.Uint64() >> 2, version: rand.Uint64() >> 34, eventPT: defaultEventPT,
		playTurn: make(chan struct{}, 1), recordTurn: make(chan struct{}, 1), dialTurn: make(chan struct{}, 1),
		digits: make(chan call.Digit, 64), wake: make(chan struct{}, 1), forward: make(chan byte, 64),
	}
	s.cfg.Peer = cfg.Peer.Unmap()
	s.tx.init()
	return s
}

func (s *Session) closed() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

// enter puts terms in force.
func (s *Session) enter(t *terms) error {
	old := s.terms.Load()
	if t.secure {
		if err := s.keys(t, old); err != nil {
			return err
		}
		s.secured = true
	}
	moved := old == nil || old.remote != t.remote || old.claimed != t.claimed || old.rx != t.rx
	s.rx.mu.Lock()
	defer s.rx.mu.Unlock()
	s.tx.mu.Lock()
	defer s.tx.mu.Unlock()
	if moved {
		s.rx.latch.reset(time.Now())
		s.dest.Store(nil)
		if t.remote.IsValid() {
			s.dest.Store(&t.remote)
		}
	}
	s.terms.Store(t)
	s.rouse()
	return nil
}

// keys gives t the state of its ciphers. Keys that did not change keep theirs: it holds the rollover counters.
func (s *Session) keys(t, old *terms) (err error) {
	i := rank(t.local.suite)
	if s.contexts[i] == nil {
		if s.contexts[i], err = t.local.key.context(t.local.suite); err != nil {
			return err
		}
	}
	t.tx = s.contexts[i]
	if old != nil && old.secure && old.theirs.suite == t.theirs.suite && old.theirs.key.equal(t.theirs.key) {
		t.rx = old.rx
		return nil
	}
	t.rx, err = t.theirs.key.context(t.theirs.suite)
	return err
}

// LocalDescription returns the description that was last sent, nil before the first.
func (s *Session) LocalDescription() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]byte(nil), s.said...)
}

// SetDirection asks for d from the next Offer on: SendOnly or Inactive holds the far side, SendRecv resumes.
func (s *Session) SetDirection(d Direction) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wanted = d
}

// Direction is the direction in force; SendRecv before anything is agreed.
func (s *Session) Direction() Direction {
	if t := s.terms.Load(); t != nil {
		return t.dir
	}
	return SendRecv
}

// Negotiated reports whether a description of the far side is in force, so that media can flow.
func (s *Session) Negotiated() bool { return s.terms.Load() != nil }

// LocalAddr is the address and port where RTP is received, as the far side is told.
func (s *Session) LocalAddr() netip.AddrPort { return s.local }

// Done is closed when the session is.
func (s *Session) Done() <-chan struct{} { return s.done }

// Close ends the session: its bridge, whoever plays, records or dials, its sockets. Twice is harmless.
func (s *Session) Close() error {
	s.end.Do(func() {
		s.Unbridge()
		s.bye(time.Now())
		close(s.done)
		s.engine.forget(s)
		s.rtp.Close()
		s.rtcp.Close()
	})
	return nil
}
