package media

import (
	"net/netip"
	"time"
)

// early keeps the last packets that came after our offer and before the answer to it: a far side that answers speaks at
// once, and its words may overtake the 200 that says who it is. They are looked at, with all suspicion, when it is here.
type early struct {
	packets []earlyPacket // a ring
	next    int
}

type earlyPacket struct {
	from netip.AddrPort
	n    int
	b    [256]byte
}

const maxEarly = 16 // a third of a second

func newEarly() *early { return &early{packets: make([]earlyPacket, 0, maxEarly)} }

func (e *early) keep(b []byte, from netip.AddrPort) {
	if len(b) > len(earlyPacket{}.b) || !looksRTP(b) {
		return
	}
	if len(e.packets) < maxEarly {
		e.packets = append(e.packets, earlyPacket{})
	}
	p := &e.packets[e.next]
	e.next = (e.next + 1) % maxEarly
	p.from, p.n = from, copy(p.b[:], b)
}

// await begins to keep early packets, if nothing is agreed yet.
func (s *Session) await() {
	s.rx.mu.Lock()
	defer s.rx.mu.Unlock()
	if s.terms.Load() == nil && s.rx.early == nil {
		s.rx.early = newEarly()
	}
}

// catchUp takes the early packets, in the order they came, now that terms are in force.
func (s *Session) catchUp(now time.Time) {
	s.rx.mu.Lock()
	e := s.rx.early
	s.rx.early = nil
	s.rx.mu.Unlock()
	if e == nil {
		return
	}
	first := 0
	if len(e.packets) == maxEarly {
		first = e.next
	}
	for i := range e.packets {
		p := &e.packets[(first+i)%len(e.packets)]
		s.receive(p.b[:p.n], p.from, now)
	}
}
