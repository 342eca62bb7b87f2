package media

import (
	"errors"
	"net"
	"net/netip"
	"runtime/debug"
	"sync"
	"time"

	"github.com/pion/rtp"

	"tandem/gateway/call"
	"tandem/gateway/codec"
)

// A receiver is what a session knows of the stream that comes in.
type receiver struct {
	mu       sync.Mutex
	latch    latch
	keypad   keypad
	twins    twins
	tones    codec.Detector
	jitter   *jitter // while somebody records
	early    *early  // until the first answer
	quality  reception
	strays   uint64
	ssrcs    int        // how often the source changed, which costs memory with SRTP
	scratch  rtp.Header // for the cipher
	plain    [maxPacket]byte
	linear   [maxPayload]int16
	reports  feedback
	nextRTCP time.Time
}

// maxSources bounds how many synchronization sources one secure session takes in its life.
const maxSources = 512

// read serves a port until the session closes: take gets each packet, and must be done with it when it returns.
func (s *Session) read(conn *net.UDPConn, take func(b []byte, from netip.AddrPort)) {
	defer s.engine.wg.Done()
	defer s.survive()
	buf := make([]byte, maxPacket)
	for {
		n, from, err := conn.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			if s.pause() {
				return
			}
			continue
		}
		take(buf[:n], netip.AddrPortFrom(from.Addr().Unmap(), from.Port()))
	}
}

// takeRTP takes a packet from the RTP port, where RTCP may come too (RFC 5761).
func (s *Session) takeRTP(b []byte, from netip.AddrPort) {
	if looksRTCP(b) {
		s.control(b, from, true)
		return
	}
	s.receive(b, from, time.Now())
}

// takeRTCP takes a packet from the RTCP port.
func (s *Session) takeRTCP(b []byte, from netip.AddrPort) { s.control(b, from, false) }

// survive ends this session when its goroutine panics, and no other: a packet that finds a bug must not end all calls.
func (s *Session) survive() {
	if p := recover(); p != nil {
		s.log.Error("media session failed", "panic", p, "stack", string(debug.Stack()))
		s.Close()
	}
}

// pause waits a little after an error of the system's, so that one that persists costs no time; true: the session closed.
func (s *Session) pause() bool {
	select {
	case <-s.done:
		return true
	case <-time.After(10 * time.Millisecond):
		return false
	}
}

// receive takes a packet from the RTP port. It does not allocate.
func (s *Session) receive(b []byte, from netip.AddrPort, now time.Time) {
	r := &s.rx
	r.mu.Lock()
	defer r.mu.Unlock()
	t := s.terms.Load()
	if t == nil && r.early != nil {
		r.early.keep(b, from)
		return
	}
	h, payload, ok := s.open(t, b, from, now)
	if !ok {
		r.strays++
		s.engine.strays.Add(1)
		return
	}
	r.quality.packet(h, len(payload), now)
	s.engine.received.Add(1)
	s.engine.receivedBytes.Add(uint64(len(payload)))
	k := t.kinds[h.pt]
	switch k {
	case audioU, audioA:
		s.hear(t, h, k, payload, now)
	case event:
		s.press(t, h, payload, now)
	}
	r.keypad.idle(now, s.onEvent)
}

// open decides whether a packet is from the far side and in the clear, and returns its parts.
func (s *Session) open(t *terms, b []byte, from netip.AddrPort, now time.Time) (h header, payload []byte, ok bool) {
	if t == nil || !looksRTP(b) {
		return h, nil, false
	}
	r := &s.rx
	if t.secure {
		if b, ok = r.decrypt(t, b); !ok {
			return h, nil, false
		}
	}
	h, payload, ok = parsePacket(b)
	if !ok || t.kinds[h.pt] == unknown || len(payload) > maxPayload {
		return h, nil, false
	}
	was := r.latch.at
	if t.secure {
		r.latch.at = from // it authenticated, so that is where the far side is
	} else if !r.latch.hear(now, from, t.remote, [2]netip.Addr{t.claimed, s.cfg.Peer}, h.ssrc, h.seq) {
		return h, nil, false
	}
	if r.latch.at != was {
		at := r.latch.at
		s.dest.Store(&at)
	}
	return h, payload, true
}

func (r *receiver) decrypt(t *terms, b []byte) ([]byte, bool) {
	if len(b) > maxPacket || r.ssrcs > maxSources {
		return nil, false
	}
	plain, err := t.rx.DecryptRTP(r.plain[:0], b, &r.scratch)
	if err != nil {
		return nil, false
	}
	if r.scratch.SSRC != r.quality.ssrc {
		r.ssrcs++
	}
	return plain, true
}

// hear takes audio: for the partner, for whoever records, and for keys in it.
func (s *Session) hear(t *terms, h header, k kind, payload []byte, now time.Time) {
	if !t.dir.Receives() {
		return
	}
	r := &s.rx
	if p := s.peer.Load(); p != nil {
		p.pass(h, k, payload, now)
	}
	if r.jitter != nil {
		r.jitter.put(h.ssrc, h.ts, k.codec(), payload)
	}
	if t.eventPT == 0 {
		r.tones.Write(codec.Decode(r.linear[:], k.codec(), payload), s.onTone)
	}
}

// press takes a telephone-event.
func (s *Session) press(t *terms, h header, payload []byte, now time.Time) {
	e, ok := parseEvent(payload)
	if !ok {
		return
	}
	p := s.peer.Load()
	if p != nil {
		p.pass(h, event, payload, now)
	}
	if s.rx.keypad.packet(now, h.ssrc, h.ts, e, s.onEvent) && p != nil && !p.takesEvents() {
		s.redial(keys[e.code])
	}
}

func (s *Session) takesEvents() bool {
	t := s.terms.Load()
	return t == nil || t.eventPT != 0
}

func (s *Session) onEvent(d call.Digit) { s.deliver(d, byEvent) }
func (s *Session) onTone(d call.Digit)  { s.deliver(d, byTone) }

// deliver hands out a digit unless it came another way before; rx.mu is held.
func (s *Session) deliver(d call.Digit, by via) bool {
	if !s.rx.twins.first(time.Now(), d.Key, by) {
		return false
	}
	select {
	case s.digits <- d:
	default: // nobody reads and there are 64 of them
	}
	if s.cfg.OnDigit != nil {
		s.cfg.OnDigit(d)
	}
	return true
}

// Digits delivers what the far side dials, each key once, from the moment the session exists. It holds 64 keys; with
// nobody reading, later ones are dropped. It is never closed.
func (s *Session) Digits() <-chan call.Digit { return s.digits }

// ReceiveDigit takes a digit that came by signalling (SIP INFO). One that also came by RTP counts once. On a bridged
// session it is also dialed to the other side.
func (s *Session) ReceiveDigit(d call.Digit) {
	s.rx.mu.Lock()
	defer s.rx.mu.Unlock()
	if s.deliver(d, bySignal) && s.peer.Load() != nil {
		s.redial(d.Key)
	}
}

// housekeep does what is due without a packet.
func (s *Session) housekeep(now time.Time) {
	defer s.survive()
	due := s.due(now)
	s.stayAlive(now)
	if due {
		s.report(now)
	}
}

// due ends key presses that are over and tells whether it is time for a report.
func (s *Session) due(now time.Time) bool {
	s.rx.mu.Lock()
	defer s.rx.mu.Unlock()
	s.rx.keypad.idle(now, s.onEvent)
	if now.Before(s.rx.nextRTCP) {
		return false
	}
	s.rx.nextRTCP = now.Add(interval())
	return true
}
