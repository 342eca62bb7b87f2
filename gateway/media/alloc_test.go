//go:build !race

// The race detector makes sync.Pool forget, and so allocate: these tests are built without it, and make test runs
// them apart.

package media

import (
	"testing"
	"time"

	"tandem/gateway/call"
	"tandem/gateway/codec"
)

// stream makes the packets of one of the chain's phones by hand and gives them to the gateway's leg, as its reader does.
type stream struct {
	leg  *Session
	from *Session
	h    header
	buf  [maxPacket]byte
	seal [maxPacket]byte
	now  time.Time
}

func (st *stream) next(pt uint8, payload []byte) {
	st.h.pt = pt
	st.h.put(st.buf[:])
	n := headerLen + copy(st.buf[headerLen:], payload)
	packet := st.buf[:n]
	if t := st.from.terms.Load(); t.secure {
		st.from.tx.mu.Lock() // its clock seals silence with the same key
		packet, _ = t.tx.EncryptRTP(st.seal[:0], packet, &st.from.tx.scratch)
		st.from.tx.mu.Unlock()
	}
	st.leg.receive(packet, st.from.LocalAddr(), st.now)
	st.h.seq++
	st.h.ts += uint32(len(payload))
	st.now = st.now.Add(20 * time.Millisecond)
}

func newStream(t testing.TB, left, right SessionConfig) *stream {
	c := newChain(t, left, right)
	if err := Bridge(c.ga, c.gb); err != nil {
		t.Fatal(err)
	}
	c.a.dest.Store(nil) // the phones' own silence must not come between the packets made by hand
	c.b.dest.Store(nil)
	return &stream{leg: c.ga, from: c.a, h: header{ssrc: 5, seq: 1}, now: time.Now()}
}

var relays = []struct {
	name        string
	left, right SessionConfig
}{
	{"plain", SessionConfig{}, SessionConfig{}},
	{"translated", SessionConfig{Codecs: []call.Codec{call.PCMU}}, SessionConfig{Codecs: []call.Codec{call.PCMA}}},
	{"secure", SessionConfig{Security: Required}, SessionConfig{Codecs: []call.Codec{call.PCMA}}},
	{"secure both", SessionConfig{Security: Required}, SessionConfig{Security: Required}},
}

func TestRelayDoesNotAllocate(t *testing.T) {
	payload := make([]byte, call.FrameSamples)
	var digit [4]byte
	for _, c := range relays {
		st := newStream(t, c.left, c.right)
		st.next(0, payload)
		if n := testing.AllocsPerRun(200, func() { st.next(0, payload) }); n != 0 {
			t.Errorf("%s: a relayed packet allocates %v times", c.name, n)
		}
		code := uint8(0)
		event := func() {
			teleEvent{code: code % 16, duration: 160}.put(digit[:])
			code++
			st.next(101, digit[:])
		}
		event()
		if n := testing.AllocsPerRun(200, event); n != 0 {
			t.Errorf("%s: a relayed event allocates %v times", c.name, n)
		}
		if got := st.leg.peer.Load().Stats().Sent; got < 400 {
			t.Errorf("%s: only %d packets were relayed", c.name, got)
		}
	}
}

func TestRecordAndPlayDoNotAllocate(t *testing.T) {
	st := newStream(t, SessionConfig{Security: Required}, SessionConfig{})
	st.leg.Unbridge()
	j := newJitter()
	st.leg.listen(j)
	payload := make([]byte, call.FrameSamples)
	var out [call.FrameSamples]byte
	st.next(0, payload)
	n := testing.AllocsPerRun(300, func() {
		if st.h.seq%7 != 0 {
			st.next(0, payload)
		}
		j.get(&out)
	})
	if n != 0 {
		t.Errorf("a recorded packet allocates %v times", n)
	}
	v := voice{s: st.leg.far(t), fresh: true}
	p := &player{src: codec.Ringback(""), done: make(chan struct{})}
	for _, what := range []*player{nil, p} {
		v.s.playing.Store(what)
		if n := testing.AllocsPerRun(300, func() { v.tick(call.FrameSamples, st.now) }); n != 0 {
			t.Errorf("a packet of our own allocates %v times", n)
		}
	}
}

// far is a new session that a raw peer has called, as s was.
func (s *Session) far(t *testing.T) *Session {
	n := s.engine.session(t, SessionConfig{Security: Optional})
	newRaw(t).call(n, "a=crypto:1 AES_CM_128_HMAC_SHA1_80 "+key128)
	return n
}

func TestStraysDoNotAllocate(t *testing.T) {
	st := newStream(t, SessionConfig{Security: Required}, SessionConfig{})
	junk := make([]byte, 172)
	junk[0] = 0x80
	leg := st.leg.peer.Load() // the plain one
	n := testing.AllocsPerRun(100, func() { leg.receive(junk, st.leg.LocalAddr(), st.now) })
	if n != 0 {
		t.Errorf("a stranger's packet allocates %v times", n)
	}
}

func BenchmarkRelay(b *testing.B) {
	for _, c := range relays {
		b.Run(c.name, func(b *testing.B) {
			st := newStream(b, c.left, c.right)
			payload := make([]byte, call.FrameSamples)
			b.ReportAllocs()
			for b.Loop() {
				st.next(0, payload)
			}
		})
	}
}

func FuzzReceive(f *testing.F) {
	f.Add([]byte{0x80, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0xFF, 0xFF})
	f.Add([]byte{0xB1, 0x80, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 4, 5, 2})
	f.Add([]byte{0x80, 0xE5, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 5, 0x80, 1, 64})
	f.Add([]byte{0x81, 201, 0, 7, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	plain := newStream(f, SessionConfig{}, SessionConfig{})
	secure := newStream(f, SessionConfig{Security: Required}, SessionConfig{})
	plain.leg.listen(newJitter())
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > maxPacket {
			return
		}
		for _, st := range []*stream{plain, secure} {
			st.leg.receive(b, st.from.LocalAddr(), st.now)
			st.leg.control(b, st.from.LocalAddr(), true)
			st.now = st.now.Add(time.Millisecond)
		}
		if h, p, ok := parsePacket(b); ok {
			var again [headerLen]byte
			h.put(again[:])
			if h2, _, ok := parsePacket(again[:]); !ok || h2 != h || len(p) > len(b)-headerLen {
				t.Fatalf("%+v became %+v", h, h2)
			}
		}
	})
}
