package media

import (
	"context"
	"testing"
	"time"

	"tandem/gateway/call"
	"tandem/gateway/codec"
	"tandem/gateway/codec/measure"
)

func TestOneStreamFromRingbackToPeer(t *testing.T) { // case 63
	t.Parallel()
	e := newEngine(t)
	left, right := newRaw(t), newRaw(t)
	a, b := e.session(t, SessionConfig{}), e.session(t, SessionConfig{})
	left.call(a)
	right.call(b)
	background(t, func(ctx context.Context) { b.Play(ctx, codec.Ringback("GB")) })
	last, _ := right.any()
	if !last.marker {
		t.Error("no marker on the first packet")
	}
	step := func() {
		t.Helper()
		h, _ := right.any()
		if d := int32(h.ts - last.ts); h.ssrc != last.ssrc || h.seq != last.seq+1 || d < call.FrameSamples || d > 20*8000 {
			t.Fatalf("%+v after %+v", h, last)
		}
		last = h
	}
	for range 5 {
		step()
	}
	if err := Bridge(a, b); err != nil {
		t.Fatal(err)
	}
	left.h.ts, left.h.seq = 4_000_000_000, 60000
	left.audio()
	for step(); !last.marker; step() { // the marker is on the partner's first packet
	}
	b.Unbridge()
	for range 5 {
		step()
	}
}

func TestCodecChangesInMidCall(t *testing.T) { // case 47
	t.Parallel()
	s := newEngine(t).session(t, SessionConfig{})
	r := newRaw(t)
	r.call(s)
	background(t, func(ctx context.Context) { s.Play(ctx, codec.Tone{Hz: []float64{500}, Level: -10}.Source()) })
	if h, _ := r.receive(); h.pt != 0 {
		t.Errorf("payload type %d, want 0", h.pt)
	}
	r.codecs = "8 110"
	r.call(s, "a=rtpmap:110 telephone-event/8000")
	until(t, "A-law on the wire", func() bool { h, _ := r.receive(); return h.pt == 8 })
	background(t, func(ctx context.Context) { s.SendDigits(ctx, "1") })
	until(t, "the event with its new number", func() bool { h, _ := r.receive(); return h.pt == 110 })
	if s.Stats().Codec != "PCMA" {
		t.Errorf("codec %s", s.Stats().Codec)
	}
}

func TestNothingIsSentToWhatIsNotBelieved(t *testing.T) { // case 60, A21
	t.Parallel()
	s := newEngine(t).session(t, SessionConfig{Peer: public})
	r := newRaw(t)
	r.call(s, "c=IN IP4 10.1.2.3")
	if err := s.Play(t.Context(), tone(500, 60*time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if n := s.Stats().Sent; n != 0 {
		t.Errorf("%d packets sent to a private address of a public peer", n)
	}
	for range learnStranger {
		r.audio()
	}
	until(t, "the source is learned", func() bool { return s.dest.Load() != nil })
	background(t, func(ctx context.Context) { s.Play(ctx, tone(500, time.Minute)) })
	r.receive()
}

func TestWordsBeforeTheAnswerAreHeard(t *testing.T) { // case 69
	t.Parallel()
	e := newEngine(t)
	s := e.session(t, SessionConfig{})
	if _, err := s.Offer(); err != nil {
		t.Fatal(err)
	}
	r, stranger := newRaw(t), newRaw(t)
	r.to, stranger.to = s.LocalAddr(), s.LocalAddr()
	for range 8 {
		r.audio()
	}
	stranger.audio()
	kept := func() (n int) {
		s.rx.mu.Lock()
		defer s.rx.mu.Unlock()
		return len(s.rx.early.packets)
	}
	until(t, "nine packets wait", func() bool { return kept() == 9 })
	heard := make(chan measure.Report, 1)
	rec := new(measure.Recorder)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		s.Record(ctx, rec)
		heard <- rec.Report()
	}()
	until(t, "somebody listens", func() bool { s.rx.mu.Lock(); defer s.rx.mu.Unlock(); return s.rx.jitter != nil })
	if err := s.SetAnswer(r.description()); err != nil {
		t.Fatal(err)
	}
	if st := s.Stats(); st.Received != 8 || st.Strays != 1 {
		t.Errorf("%+v, want eight packets and a stray", st)
	}
	until(t, "they are heard", func() bool { return rec.Report().Audible >= 150*time.Millisecond })
	cancel()
	if r := <-heard; r.Frequency < 490 || r.Frequency > 510 {
		t.Errorf("heard %+v", r)
	}
}

func TestWhoSaysNothingSendsSilence(t *testing.T) {
	t.Parallel()
	s := newEngine(t).session(t, SessionConfig{})
	r := newRaw(t)
	r.call(s, "a=ptime:30")
	last, _ := r.any()
	played := make(chan error, 1)
	for i := range 20 {
		if i == 5 {
			go func() { played <- s.Play(t.Context(), tone(500, 60*time.Millisecond)) }()
		}
		h, p := r.any()
		if len(p) != 240 || h.seq != last.seq+1 || h.ts != last.ts+240 || h.marker {
			t.Fatalf("packet %d: %+v with %d bytes after %+v", i, h, len(p), last)
		}
		last = h
	}
	if err := wait(t, played); err != nil {
		t.Error(err)
	}
}

func TestABridgedLegIsKeptAlive(t *testing.T) {
	t.Parallel()
	left, right, _, b := bridged(t)
	left.audio()
	h, _ := right.receive()
	now := time.Now()
	sent := b.Stats().Sent
	if b.stayAlive(now.Add(keepAlive - time.Second)); b.Stats().Sent != sent {
		t.Error("silence although somebody just spoke")
	}
	b.stayAlive(now.Add(keepAlive + time.Second))
	if n, _ := right.any(); n.seq != h.seq+1 || n.ts-h.ts < 4*8000 || n.ts-h.ts > 20*8000 {
		t.Errorf("%+v after %+v", n, h)
	}
	left.audio()
	if n, _ := right.receive(); n.seq != h.seq+2 || !n.marker {
		t.Errorf("the partner goes on with %+v", n)
	}
}

func TestAPanicEndsOneCallOnly(t *testing.T) { // A29
	t.Parallel()
	e := newEngine(t)
	bad, good := e.session(t, SessionConfig{OnDigit: func(call.Digit) { panic("a bug") }}), e.session(t, SessionConfig{})
	far := newRaw(t)
	far.call(bad)
	far.event(teleEvent{code: 1, duration: 160, end: true}, true)
	wait(t, bad.Done())
	if st := e.Stats(); st.Sessions != 1 || good.closed() {
		t.Errorf("%d sessions left", st.Sessions)
	}
	other := newRaw(t)
	other.call(good)
	other.audio()
	until(t, "the other call goes on", func() bool { return good.Stats().Received == 1 })
}
