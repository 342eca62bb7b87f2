package media

import (
	"encoding/binary"
	"strings"
	"time"

	"tandem/gateway/call"
)

// keys are the digits by event code (RFC 4733 §3.2).
const keys = "0123456789*#ABCD"

// A teleEvent is the payload of a telephone-event packet (RFC 4733 §2.3).
type teleEvent struct {
	code     uint8
	end      bool
	volume   uint8  // -dBm0
	duration uint16 // samples so far
}

func parseEvent(b []byte) (e teleEvent, ok bool) {
	if len(b) < 4 {
		return e, false
	}
	return teleEvent{b[0], b[1]&0x80 != 0, b[1] & 0x3F, binary.BigEndian.Uint16(b[2:])}, true
}

func (e teleEvent) put(b []byte) {
	b[0], b[1] = e.code, e.volume&0x3F
	if e.end {
		b[1] |= 0x80
	}
	binary.BigEndian.PutUint16(b[2:], e.duration)
}

// A keypad turns event packets into digits, each once, whatever is lost of them.
type keypad struct {
	active   bool // an event is known
	told     bool // and has been delivered
	code     uint8
	ssrc     uint32
	ts       uint32
	duration uint32 // samples, over all segments
	segment  uint16 // samples of the segment
	last     time.Time
}

// lostEnd is how long after its last packet an event without an end is over: three packets of 50 ms (RFC 4733 §2.6.1.4).
const lostEnd = 150 * time.Millisecond

// packet takes an event packet. What is complete is in digits, two at the most; fresh says that the event is new.
func (k *keypad) packet(now time.Time, ssrc, ts uint32, e teleEvent, deliver func(call.Digit)) (fresh bool) {
	if int(e.code) >= len(keys) {
		return false
	}
	switch {
	case k.active && ssrc == k.ssrc && ts == k.ts:
		k.duration += uint32(max(e.duration, k.segment) - k.segment)
		k.segment = max(e.duration, k.segment)
	case k.continues(ssrc, ts, e):
		k.ts, k.segment = ts, e.duration
		k.duration += uint32(e.duration)
	case k.active && ssrc == k.ssrc && int32(ts-k.ts) < 0 && now.Sub(k.last) < time.Second:
		return false // a straggler of an event before
	default:
		k.finish(deliver)
		*k = keypad{active: true, code: e.code, ssrc: ssrc, ts: ts, duration: uint32(e.duration), segment: e.duration}
		fresh = true
	}
	k.last = now
	if e.end {
		k.finish(deliver)
	}
	return fresh
}

// continues recognizes the next segment of a long key press (RFC 4733 §2.5.1.3).
func (k *keypad) continues(ssrc, ts uint32, e teleEvent) bool {
	return k.active && !k.told && ssrc == k.ssrc && e.code == k.code && ts != k.ts && ts-k.ts == uint32(k.segment) && k.segment >= 0xF000
}

// idle ends an event whose end packets were all lost.
func (k *keypad) idle(now time.Time, deliver func(call.Digit)) {
	if k.active && !k.told && now.Sub(k.last) >= lostEnd {
		k.finish(deliver)
	}
}

func (k *keypad) finish(deliver func(call.Digit)) {
	if !k.active || k.told {
		return
	}
	k.told = true
	deliver(call.Digit{Key: keys[k.code], Duration: time.Duration(k.duration) * time.Second / call.SampleRate})
}

// A via is the way a digit came.
type via uint8

const (
	byEvent via = iota + 1
	bySignal
	byTone
)

// twins knows digits that come two ways at once, by RTP and by INFO, and lets one of them through.
type twins struct {
	seen [8]twin
	next int
}

type twin struct {
	key     byte
	by      via
	at      time.Time
	matched bool
}

// twinTime is how far apart the two may come.
const twinTime = 2 * time.Second

// first reports whether the digit has not come another way already.
func (t *twins) first(now time.Time, key byte, by via) bool {
	for i := range t.seen {
		s := &t.seen[(t.next+i)%len(t.seen)]
		if s.key == key && s.by != by && !s.matched && now.Sub(s.at) < twinTime {
			s.matched = true
			return false
		}
	}
	t.seen[t.next] = twin{key: key, by: by, at: now}
	t.next = (t.next + 1) % len(t.seen)
	return true
}

// dialable checks digits and brings letters to upper case.
func dialable(digits string) (string, error) {
	digits = strings.ToUpper(digits)
	for _, d := range []byte(digits) {
		if strings.IndexByte(keys, d) < 0 {
			return "", ErrBadDigit
		}
	}
	return digits, nil
}
