package media

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"testing"
	"time"

	"tandem/gateway/call"
	"tandem/gateway/codec"
	"tandem/gateway/codec/measure"
)

// A raw peer is a far side that sends whatever packets a test makes.
type raw struct {
	t    testing.TB
	conn *net.UDPConn
	to   netip.AddrPort
	h    header // of the next packet
	tone call.Source

	codecs string // formats of its SDP
}

func newRaw(t testing.TB) *raw {
	t.Helper()
	c, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(loopback, 0)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &raw{t: t, conn: c, codecs: "0 8 96", h: header{ssrc: 7, seq: 100, ts: 1000}, tone: codec.Tone{Hz: []float64{500}, Level: -12}.Source()}
}

// call makes s the far side of r, by an offer with events as payload type 96.
func (r *raw) call(s *Session, extra ...string) {
	r.t.Helper()
	if _, err := s.Answer(r.description(extra...)); err != nil {
		r.t.Fatal(err)
	}
	r.to = s.LocalAddr()
}

// description is r's SDP.
func (r *raw) description(extra ...string) []byte {
	return offered(append([]string{fmt.Sprintf("m=audio %d RTP/AVP %s", local(r.conn).Port(), r.codecs), "a=rtpmap:96 telephone-event/8000"}, extra...)...)
}

func (r *raw) send(b []byte) {
	r.t.Helper()
	if _, err := r.conn.WriteToUDPAddrPort(b, r.to); err != nil {
		r.t.Fatal(err)
	}
}

// audio sends the next 20 ms of tone as µ-law.
func (r *raw) audio() {
	var pcm call.PCM
	r.tone.ReadFrame(&pcm)
	b := make([]byte, headerLen+len(pcm))
	r.h.put(b)
	codec.Encode(b[headerLen:], call.PCMU, pcm[:])
	r.send(b)
	r.h.seq++
	r.h.ts += call.FrameSamples
}

func (r *raw) event(e teleEvent, marker bool) {
	b := make([]byte, headerLen+4)
	h := r.h
	h.pt, h.marker = 96, marker
	h.put(b)
	e.put(b[headerLen:])
	r.send(b)
	r.h.seq++
}

// receive is the next RTP packet that comes to r and is not just silence.
func (r *raw) receive() (header, []byte) {
	r.t.Helper()
	for {
		h, p := r.any()
		for _, b := range p {
			if h.pt != 0 && h.pt != 8 || b != p[0] || b != codec.SilenceByte(call.PCMU) && b != codec.SilenceByte(call.PCMA) {
				return h, p
			}
		}
	}
}

// any is the next RTP packet that comes to r.
func (r *raw) any() (header, []byte) {
	r.t.Helper()
	buf := make([]byte, maxPacket)
	r.conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	for {
		n, err := r.conn.Read(buf)
		if err != nil {
			r.t.Fatal(err)
		}
		if h, p, ok := parsePacket(buf[:n]); ok {
			return h, p
		}
	}
}

// bridged is a raw peer on each side of a bridge.
func bridged(t *testing.T, extra ...string) (left, right *raw, a, b *Session) {
	t.Helper()
	e := newEngine(t)
	left, right = newRaw(t), newRaw(t)
	a, b = e.session(t, SessionConfig{}), e.session(t, SessionConfig{})
	left.call(a)
	right.call(b, extra...)
	if err := Bridge(a, b); err != nil {
		t.Fatal(err)
	}
	return left, right, a, b
}

func TestRelayKeepsOneStream(t *testing.T) {
	t.Parallel()
	left, right, _, _ := bridged(t)
	left.audio()
	last, _ := right.receive()
	if !last.marker {
		t.Error("no marker on the partner's first packet")
	}
	for _, c := range []struct {
		name   string
		change func(h *header)
		seq    uint16 // advance
		ts     uint32 // advance; 0: by the clock
		marker bool
	}{
		{"next", func(*header) {}, 1, 160, false},
		{"one lost", func(h *header) { h.seq++; h.ts += 160 }, 2, 320, false},
		{"another source, sequence 8000 lower (61)", func(h *header) { h.ssrc, h.seq = 8, h.seq-8000 }, 1, 0, true},
		{"next of it", func(*header) {}, 1, 160, false},
		{"sequence restarts", func(h *header) { h.seq -= 8000 }, 1, 0, true},
		{"three hours on (62)", func(h *header) { h.ts += 3 * 3600 * 8000 }, 1, 0, true},
		{"an hour back, with marker", func(h *header) { h.ts -= 3600 * 8000; h.marker = true }, 1, 0, true},
	} {
		c.change(&left.h)
		left.audio()
		left.h.marker = false
		got, _ := right.receive()
		if got.ssrc != last.ssrc || got.seq != last.seq+c.seq || got.marker != c.marker {
			t.Errorf("%s: got %+v after %+v", c.name, got, last)
		}
		if d := got.ts - last.ts; c.ts != 0 && d != c.ts || d == 0 || d > 20*8000 {
			t.Errorf("%s: the timestamp went on by %d", c.name, d)
		}
		last = got
	}
}

func TestRelayOvertakenAndTwice(t *testing.T) {
	t.Parallel()
	left, right, _, _ := bridged(t)
	left.audio()
	first, _ := right.receive()
	early := left.h
	left.h.seq, left.h.ts = early.seq+1, early.ts+160
	left.audio()
	left.h = early
	left.audio()
	left.h = early
	left.audio() // a late duplicate goes through as itself; the newest twice does not
	left.h.seq, left.h.ts = early.seq+1, early.ts+160
	left.audio()
	left.audio()
	var seqs []uint16
	for len(seqs) == 0 || seqs[len(seqs)-1] != 3 {
		h, _ := right.receive()
		if h.ts-first.ts != uint32(h.seq-first.seq)*160 {
			t.Errorf("packet %d has timestamp %d", h.seq-first.seq, h.ts-first.ts)
		}
		seqs = append(seqs, h.seq-first.seq)
	}
	if len(seqs) != 4 || seqs[0] != 2 || seqs[1] != 1 {
		t.Errorf("relayed %v, want 2 1 1 3", seqs)
	}
}

func TestRelayAnyPacketLength(t *testing.T) {
	t.Parallel()
	left, right, _, _ := bridged(t)
	for _, ms := range []int{10, 20, 30, 40, 60} {
		b := make([]byte, headerLen+8*ms)
		left.h.put(b)
		left.send(b)
		left.h.seq++
		left.h.ts += uint32(8 * ms)
		if _, p := right.receive(); len(p) != 8*ms {
			t.Errorf("%d ms came out as %d", ms, len(p)/8)
		}
	}
}

func TestRelaysEventsAsTheyAre(t *testing.T) {
	t.Parallel()
	left, right, a, b := bridged(t)
	left.audio()
	before, _ := right.receive()
	left.event(teleEvent{code: 5, volume: 10, duration: 160}, false) // no marker: we put it
	left.event(teleEvent{code: 5, volume: 10, duration: 320}, false)
	for range 3 {
		left.event(teleEvent{code: 5, volume: 10, duration: 480, end: true}, false)
	}
	ts := uint32(0)
	for i := range 5 {
		h, p := right.receive()
		e, ok := parseEvent(p)
		if !ok || h.pt != 96 || e.code != 5 || e.end != (i >= 2) || h.marker != (i == 0) || h.seq != before.seq+1+uint16(i) {
			t.Errorf("packet %d: %+v %+v", i, h, e)
		}
		if i == 0 {
			ts = h.ts
		}
		if h.ts != ts || ts-before.ts != 160 {
			t.Errorf("packet %d: timestamp %d after audio, want 160", i, h.ts-before.ts)
		}
	}
	left.h.ts += 480
	left.audio()
	if h, _ := right.receive(); h.pt != 0 || h.ts-ts != 480 || h.seq != before.seq+6 {
		t.Errorf("audio after the event: %+v, event at %d", h, ts)
	}
	if d := wait(t, a.Digits()); d.Key != '5' || d.Duration != 60*time.Millisecond {
		t.Errorf("got %c for %v, want 5 for 60ms", d.Key, d.Duration)
	}
	if len(a.Digits()) != 0 || len(b.Digits()) != 0 {
		t.Error("more than one digit")
	}
}

func wait[T any](t testing.TB, c <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(20 * time.Second):
		t.Fatal("nothing came")
	}
	return v
}

func TestLatchToAnotherPortOfThePeer(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	named, real := newRaw(t), newRaw(t)
	s := e.session(t, SessionConfig{})
	named.call(s)
	real.to = s.LocalAddr()
	background(t, func(ctx context.Context) { s.Play(ctx, codec.Ringback("")) })
	named.receive() // what SDP said is where it starts
	real.audio()
	real.audio()
	real.audio()
	real.receive() // and then follows what is really heard
	until(t, "two packets heard, the first not yet", func() bool { st := s.Stats(); return st.Received == 2 && st.Strays == 1 })
}

func TestStrangersAreNotHeardAndGetNothing(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	peer := newRaw(t)
	s := e.session(t, SessionConfig{})
	peer.call(s)
	peer.audio()
	other := newRaw(t)
	other.to = s.LocalAddr()
	for range 20 {
		other.audio()
	}
	other.send([]byte{0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2}) // STUN
	other.send([]byte{0x80})
	other.send([]byte{0x80, 203, 0, 1, 0, 0, 0, 7}) // RTCP BYE
	if err := s.Play(t.Context(), tone(500, 60*time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		peer.receive()
	}
	peer.audio()
	until(t, "the peer is still heard", func() bool { return s.Stats().Received == 2 })
	other.conn.SetReadDeadline(time.Now())
	if n, _ := other.conn.Read(make([]byte, 100)); n != 0 {
		t.Errorf("a stranger got %d bytes", n)
	}
	if st := s.Stats(); st.Received != 2 || st.Strays < 20 {
		t.Errorf("%+v", st)
	}
}

func TestLatchRules(t *testing.T) {
	t.Parallel()
	now := time.Now()
	addr := netip.MustParseAddrPort
	named, known := addr("10.0.0.5:4000"), [2]netip.Addr{netip.MustParseAddr("10.0.0.5"), netip.MustParseAddr("198.51.100.1")}
	hear := func(l *latch, after time.Duration, from string, first uint16, n int) (heard bool) {
		for i := range n {
			heard = l.hear(now.Add(after), addr(from), named, known, 1, first+uint16(i))
		}
		return heard
	}
	fresh := func() *latch { l := new(latch); l.reset(now); return l }
	if l := fresh(); !hear(l, time.Hour, "10.0.0.5:4000", 1, 1) || hear(l, 0, "198.51.100.1:9", 1, 50) || hear(l, 0, "192.0.2.9:9", 1, 50) {
		t.Error("the named address: at once, and nobody else after it")
	}
	if l := fresh(); hear(l, 0, "198.51.100.1:9", 1, 1) || !hear(l, time.Hour, "198.51.100.1:9", 2, 1) {
		t.Error("the signalling host: at the second packet, at any time")
	}
	if l := fresh(); hear(l, 0, "192.0.2.9:9", 1, 4) || !hear(l, 0, "192.0.2.9:9", 5, 1) {
		t.Error("a stranger: at the fifth packet")
	}
	if l := fresh(); hear(l, 2*time.Second, "192.0.2.9:9", 1, 50) {
		t.Error("a stranger: not after a second")
	}
	l := fresh()
	for i := range 50 {
		if hear(l, 0, "192.0.2.9:9", uint16(i*7), 1) {
			t.Fatal("a stranger: not out of sequence")
		}
	}
	if !hear(l, 0, "198.51.100.1:9", 1, 2) || !hear(l, time.Hour, "10.0.0.5:4000", 1, 1) || hear(l, time.Hour, "198.51.100.1:9", 3, 9) {
		t.Error("the named address takes over and keeps it")
	}
}

func TestSecureLatchFollowsWhatAuthenticates(t *testing.T) {
	t.Parallel()
	phones, gw := newEngine(t), newEngine(t)
	a, ga := phones.session(t, SessionConfig{Security: Required}), gw.session(t, SessionConfig{Security: Required})
	connect(t, a, ga)
	background(t, func(ctx context.Context) { a.Play(ctx, tone(500, time.Minute)) })
	listen(t, ga, audible(60*time.Millisecond))
	stranger := newRaw(t)
	stranger.to = ga.LocalAddr()
	for range 30 {
		stranger.audio()
	}
	r := listen(t, ga, audible(300*time.Millisecond)).Report()
	wantTone(t, r, 500)
	if at := ga.dest.Load(); *at != a.LocalAddr() {
		t.Errorf("latched to %v", at)
	}
}

func TestRecordSurvivesWhatCarriersDo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(r *raw, n int)
	}{
		{"nothing", func(*raw, int) {}},
		{"another source", func(r *raw, n int) {
			if n == 30 {
				r.h.ssrc, r.h.seq, r.h.ts = 99, r.h.seq-8000, 5
			}
		}},
		{"timestamps jump", func(r *raw, n int) {
			if n == 30 {
				r.h.ts += 3 * 3600 * 8000
			}
		}},
		{"timestamps jump back", func(r *raw, n int) {
			if n == 30 {
				r.h.ts -= 3600 * 8000
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newEngine(t).session(t, SessionConfig{})
			r := newRaw(t)
			r.call(s)
			background(t, func(ctx context.Context) {
				pace := newPacer(samplesTime(call.FrameSamples))
				defer pace.close()
				for n := 0; pace.wait(ctx, s, nil) == nil; n++ {
					c.change(r, n)
					r.audio()
				}
			})
			rec := listen(t, s, func(r measure.Report) bool { return r.Audible > 1500*time.Millisecond }).Report()
			wantTone(t, rec, 500)
		})
	}
}
