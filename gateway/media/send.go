package media

import (
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/pion/rtp"

	"tandem/gateway/call"
	"tandem/gateway/codec"
)

// A sender writes one RTP stream: one SSRC, a sequence and timestamps without a jump, whoever it is that speaks.
type sender struct {
	mu      sync.Mutex
	ssrc    uint32
	seq     uint16    // of the last packet
	ts      uint32    // of the last packet
	length  uint32    // samples of the last packet
	at      time.Time // when its timestamp was sent first; zero: none yet
	sent    time.Time // when the last packet was sent
	dialing int       // a digit is being sent: audio of others waits outside
	relay   relay
	scratch rtp.Header // for the cipher
	out     [maxPacket]byte
	sealed  [maxPacket]byte

	packets, octets uint64
}

// maxPacket is the largest packet read or written; a longer one is cut by the system and then not decodable.
const maxPacket = 2048

// maxPayload leaves room for the header and a cipher's tag.
const maxPayload = 1400

func (x *sender) init() {
	x.ssrc = rand.Uint32()
	x.seq = uint16(rand.Uint32() >> 17) // below 2^15, so that SRTP's rollover counter begins at zero for sure (RFC 3711 §3.3.1)
	x.ts = rand.Uint32()
}

// next is the timestamp for a packet that begins now a new stretch of sound: the clock went on while nothing was sent.
func (x *sender) next(now time.Time) uint32 {
	if x.at.IsZero() {
		return x.ts
	}
	passed := uint32(max(0, now.Sub(x.at)) * call.SampleRate / time.Second)
	const grid = call.FrameSamples / 2
	passed = (passed + grid/2) / grid * grid
	return x.ts + max(passed, x.length)
}

// payload is where the payload of the packet to be sent goes.
func (x *sender) payload(n int) []byte { return x.out[headerLen : headerLen+n] }

// send sends the packet whose payload of n bytes stands in x.out; x.mu is held. advance is how many samples it lasts.
// It reports whether there was somewhere to send to.
func (s *Session) send(t *terms, h header, n int, advance uint32, now time.Time) bool {
	x := &s.tx
	dest := s.dest.Load()
	if dest == nil || !t.dir.Sends() || s.closed() {
		return false
	}
	h.ssrc = x.ssrc
	h.marker = h.marker || x.packets == 0
	h.put(x.out[:])
	packet := x.out[:headerLen+n]
	if t.secure {
		sealed, err := t.tx.EncryptRTP(x.sealed[:0], packet, &x.scratch)
		if err != nil {
			return false
		}
		packet = sealed
	}
	if int16(h.seq-x.seq) > 0 || x.at.IsZero() {
		if h.ts != x.ts || x.at.IsZero() {
			x.at = now
		}
		x.seq, x.ts, x.length = h.seq, h.ts, advance
	}
	if _, err := s.rtp.WriteToUDPAddrPort(packet, *dest); err != nil {
		return false
	}
	x.sent = now
	x.packets++
	x.octets += uint64(n)
	s.engine.sent.Add(1)
	s.engine.sentBytes.Add(uint64(n))
	return true
}

// keepAlive is how long a bridged session sends nothing, because its partner does not, before a packet of silence keeps
// the way through address translators open.
const keepAlive = 5 * time.Second

// stayAlive sends 20 ms of silence when nothing else was sent for long.
func (s *Session) stayAlive(now time.Time) {
	t := s.terms.Load()
	x := &s.tx
	x.mu.Lock()
	defer x.mu.Unlock()
	if t == nil || x.dialing > 0 || s.peer.Load() == nil || now.Sub(x.sent) < keepAlive {
		return
	}
	hush(x.payload(call.FrameSamples), t.codec)
	s.send(t, header{marker: true, pt: t.audioPT, seq: x.seq + 1, ts: x.next(now)}, call.FrameSamples, call.FrameSamples, now)
	x.relay.active = false
}

// A relay maps the packets of a partner's stream into ours, as long as they follow each other.
type relay struct {
	active  bool
	ssrc    uint32
	seqOff  uint16
	tsOff   uint32
	base    uint16 // first sequence number of the mapping
	seq     uint16 // newest sequence number seen
	ts      uint32 // of the newest audio packet
	at      time.Time
	eventTS uint32 // of the event relayed last
	inEvent bool
}

const (
	maxAhead   = 3000 // packets a stream may skip and still be the same
	maxBehind  = 100  // packets one may be overtaken by
	maxTSDrift = call.SampleRate
)

// follows reports whether h belongs to the mapping in force.
func (r *relay) follows(h header, isEvent bool, now time.Time) bool {
	if !r.active || h.ssrc != r.ssrc {
		return false
	}
	if ahead := int16(h.seq - r.seq); ahead <= -maxBehind || ahead > maxAhead {
		return false
	} else if ahead <= 0 {
		return true
	}
	if isEvent && r.inEvent && h.ts == r.eventTS {
		return true
	}
	passed := int64(now.Sub(r.at) * call.SampleRate / time.Second)
	drift := int64(int32(h.ts-r.ts)) - passed
	return drift > -maxTSDrift && drift < maxTSDrift
}

// pass sends on a packet of the partner's stream, of the given kind. It does not allocate.
func (s *Session) pass(h header, k kind, payload []byte, now time.Time) {
	t := s.terms.Load()
	if t == nil || len(payload) > maxPayload || len(payload) == 0 {
		return
	}
	isEvent := k == event
	if isEvent && t.eventPT == 0 {
		return
	}
	x := &s.tx
	x.mu.Lock()
	defer x.mu.Unlock()
	r := &x.relay
	if x.dialing > 0 {
		r.active = false
		return
	}
	fresh := !r.follows(h, isEvent, now)
	if fresh {
		ts := x.next(now)
		*r = relay{active: true, ssrc: h.ssrc, base: h.seq, seq: h.seq - 1, seqOff: x.seq + 1 - h.seq, tsOff: ts - h.ts, ts: h.ts, at: now}
	}
	ahead := int16(h.seq-r.seq) > 0
	if h.seq == r.seq || !ahead && int16(h.seq-r.base) < 0 {
		return // a duplicate, or older than the mapping
	}
	o := header{seq: h.seq + r.seqOff, ts: h.ts + r.tsOff, marker: h.marker || fresh}
	n := copy(x.out[headerLen:], payload)
	advance := uint32(0)
	if isEvent {
		o.pt = t.eventPT
		o.marker = !r.inEvent || r.eventTS != h.ts
		r.inEvent, r.eventTS = true, h.ts
		advance = uint32(eventLength(payload))
	} else {
		o.pt = t.audioPT
		codec.Translate(x.payload(n), k.codec(), t.codec)
		advance = uint32(n)
		r.inEvent = r.inEvent && !ahead
	}
	if ahead {
		r.seq = h.seq
		if !isEvent {
			r.ts, r.at = h.ts, now
		}
	}
	s.send(t, o, n, advance, now)
}

func eventLength(payload []byte) uint16 {
	if len(payload) < 4 {
		return 0
	}
	return binary.BigEndian.Uint16(payload[2:])
}
