package media

import (
	"net/netip"
	"time"
)

// A latch learns where the far side really sends from, behind its address translators, and then holds on to that. It is
// the guard against two attacks: getting our audio by sending to our port first, and being heard by sending to it later.
//
// The address SDP named is believed at once. Another port of that host, or of the host that signals, needs two packets
// in sequence; any other address needs five, and only within a second of the negotiation. After that nothing but a new
// negotiation opens it, except that the named address may still take over. SRTP needs none of this: a packet that
// authenticates comes from the far side.
type latch struct {
	at         netip.AddrPort // zero: nothing learned yet
	opened     time.Time
	candidates [4]candidate
	next       int
}

type candidate struct {
	from netip.AddrPort
	ssrc uint32
	seq  uint16
	n    int
}

const (
	learnTime     = time.Second
	learnKnown    = 2 // packets from a host we know
	learnStranger = 5
)

func (l *latch) reset(now time.Time) { *l = latch{opened: now} }

// hear decides about a plain RTP packet: whether it is the far side's. named is SDP's address, known the hosts that may
// well be the far side.
func (l *latch) hear(now time.Time, from, named netip.AddrPort, known [2]netip.Addr, ssrc uint32, seq uint16) bool {
	if l.at == from {
		return true
	}
	if from == named {
		l.at = from
		return true
	}
	if l.at.IsValid() {
		return false
	}
	need := learnKnown
	if from.Addr() != known[0] && from.Addr() != known[1] {
		if need = learnStranger; now.Sub(l.opened) > learnTime {
			return false
		}
	}
	c := l.candidate(from)
	if c.n > 0 && c.ssrc == ssrc && seq == c.seq+1 {
		c.n++
	} else {
		c.n, c.ssrc = 1, ssrc
	}
	c.seq = seq
	if c.n >= need {
		l.at = from
		return true
	}
	return false
}

// candidate finds the notes on an address, or starts them in the oldest place.
func (l *latch) candidate(from netip.AddrPort) *candidate {
	for i := range l.candidates {
		if l.candidates[i].from == from {
			return &l.candidates[i]
		}
	}
	c := &l.candidates[l.next]
	l.next = (l.next + 1) % len(l.candidates)
	*c = candidate{from: from}
	return c
}
