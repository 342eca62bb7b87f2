package media

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"testing"
	"time"

	"go.uber.org/goleak"

	"tandem/gateway/call"
	"tandem/gateway/codec"
	"tandem/gateway/codec/measure"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	loopback = netip.MustParseAddr("127.0.0.1")
	public   = netip.MustParseAddr("198.51.100.7")
)

func newEngine(t testing.TB) *Engine {
	t.Helper()
	e, err := NewEngine(Config{Listen: loopback})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

func (e *Engine) session(t testing.TB, cfg SessionConfig) *Session {
	t.Helper()
	if !cfg.Peer.IsValid() {
		cfg.Peer = loopback
	}
	s, err := e.NewSession(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// connect lets a offer and b answer.
func connect(t testing.TB, a, b *Session) {
	t.Helper()
	offer, err := a.Offer()
	if err != nil {
		t.Fatal(err)
	}
	answer, err := b.Answer(offer)
	if err != nil {
		t.Fatalf("answer to\n%s%v", offer, err)
	}
	if err := a.SetAnswer(answer); err != nil {
		t.Fatalf("set answer\n%s%v", answer, err)
	}
}

func tone(hz float64, d time.Duration) call.Source {
	return codec.Tone{Hz: []float64{hz}, Level: -12, Length: d}.Source()
}

// listen records what s hears until enough is heard, or for long.
func listen(t *testing.T, s *Session, enough func(measure.Report) bool) *measure.Recorder {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	rec := new(measure.Recorder)
	n := 0
	err := s.Record(ctx, sinkFunc(func(f call.Frame) error {
		if err := rec.WriteFrame(f); err != nil {
			return err
		}
		if n++; n%10 == 0 && enough(rec.Report()) {
			return errEnough
		}
		return nil
	}))
	if !errors.Is(err, errEnough) {
		t.Fatalf("recording ended with %v; heard %+v", err, rec.Report())
	}
	return rec
}

var errEnough = errors.New("heard enough")

type sinkFunc func(call.Frame) error

func (f sinkFunc) WriteFrame(fr call.Frame) error { return f(fr) }

func audible(d time.Duration) func(measure.Report) bool {
	return func(r measure.Report) bool { return r.Audible >= d }
}

func wantTone(t *testing.T, r measure.Report, hz float64) {
	t.Helper()
	if math.Abs(r.Frequency-hz) > hz/100 || math.Abs(r.Level+12) > 1 || r.Purity < 0.9 {
		t.Errorf("heard %+v, want %v Hz at -12 dBm0", r, hz)
	}
}

// background runs f until the test ends.
func background(t *testing.T, f func(ctx context.Context)) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); f(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
}

// chain is two phones with the gateway's two legs between them: a — ga ═ gb — b.
type chain struct{ a, ga, gb, b *Session }

func newChain(t testing.TB, left, right SessionConfig) chain {
	phones, gw := newEngine(t), newEngine(t)
	c := chain{phones.session(t, left), gw.session(t, left), gw.session(t, right), phones.session(t, right)}
	connect(t, c.a, c.ga)
	connect(t, c.gb, c.b)
	return c
}

func TestBridgeTranslatesAndDecrypts(t *testing.T) {
	t.Parallel()
	c := newChain(t,
		SessionConfig{Codecs: []call.Codec{call.PCMU}, Security: Required},
		SessionConfig{Codecs: []call.Codec{call.PCMA}})
	if err := Bridge(c.ga, c.gb); err != nil {
		t.Fatal(err)
	}
	background(t, func(ctx context.Context) { c.a.Play(ctx, tone(1004, time.Minute)) })
	background(t, func(ctx context.Context) { c.b.Play(ctx, tone(440, time.Minute)) })
	right := listen(t, c.b, audible(time.Second)).Report()
	wantTone(t, right, 1004)
	left := listen(t, c.a, audible(time.Second)).Report()
	wantTone(t, left, 440)
	if st := c.ga.Stats(); !st.Secure || st.Suite != "AEAD_AES_128_GCM" || st.Codec != "PCMU" || st.Received == 0 || st.Sent == 0 {
		t.Errorf("left leg: %+v", st)
	}
	if st := c.gb.Stats(); st.Secure || st.Codec != "PCMA" {
		t.Errorf("right leg: %+v", st)
	}
	if err := c.ga.Play(t.Context(), tone(1, time.Second)); !errors.Is(err, ErrBridged) {
		t.Errorf("play on a bridged session: got %v, want ErrBridged", err)
	}
}

func TestBridgeEndsAPlay(t *testing.T) {
	t.Parallel()
	c := newChain(t, SessionConfig{}, SessionConfig{})
	played := make(chan error)
	go func() { played <- c.ga.Play(t.Context(), codec.Ringback("US")) }()
	listen(t, c.a, audible(100*time.Millisecond))
	if err := Bridge(c.ga, c.gb); err != nil {
		t.Fatal(err)
	}
	if err := <-played; !errors.Is(err, ErrBridged) {
		t.Errorf("the play ended with %v, want ErrBridged", err)
	}
	background(t, func(ctx context.Context) { c.b.Play(ctx, tone(700, time.Minute)) })
	last := func(r *measure.Recorder) measure.Report {
		pcm := r.PCM()
		return measure.Analyze(pcm[max(0, len(pcm)-4000):])
	}
	rec := listen(t, c.a, func(r measure.Report) bool { return r.Audible > time.Second })
	wantTone(t, last(rec), 700)
	if err := Bridge(c.ga, c.a); !errors.Is(err, ErrBridged) {
		t.Errorf("a second partner: got %v, want ErrBridged", err)
	}
	if err := Bridge(c.gb, c.ga); err != nil {
		t.Errorf("the same partner again: %v", err)
	}
	c.ga.Unbridge()
	if err := c.ga.Play(t.Context(), tone(500, 40*time.Millisecond)); err != nil {
		t.Errorf("play after Unbridge: %v", err)
	}
}

func TestPlayHasNoGapsAndTakesItsTime(t *testing.T) {
	t.Parallel()
	for _, ptime := range []int{20, 30, 10} { // case 54
		s := newEngine(t).session(t, SessionConfig{})
		r := newRaw(t)
		r.call(s, fmt.Sprintf("a=ptime:%d", ptime))
		const length = 600 * time.Millisecond
		start := time.Now()
		played := make(chan error, 1)
		go func() { played <- s.Play(t.Context(), codec.Join(tone(800, length/2), tone(800, length/2))) }()
		pcm := make([]int16, 0, 4800)
		var last header
		for len(pcm) < cap(pcm) {
			h, p := r.receive()
			if len(p) != 8*ptime || len(pcm) > 0 && (h.ts-last.ts != uint32(len(p)) || h.seq != last.seq+1 || h.marker) {
				t.Fatalf("%d ms: %+v with %d bytes after %+v", ptime, h, len(p), last)
			}
			last = h
			pcm = append(pcm, codec.Decode(make([]int16, len(p)), call.PCMU, p)...)
		}
		rep := measure.Analyze(pcm)
		if wantTone(t, rep, 800); rep.Gap > 3*time.Millisecond {
			t.Errorf("%d ms: longest gap %v", ptime, rep.Gap)
		}
		if err := wait(t, played); err != nil {
			t.Error(err)
		}
		if d := time.Since(start); d < length-time.Duration(ptime)*time.Millisecond {
			t.Errorf("%d ms: %v of sound were sent in %v", ptime, length, d)
		}
	}
}

func TestPlayTwiceQueues(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	a, b := e.session(t, SessionConfig{}), e.session(t, SessionConfig{})
	connect(t, a, b)
	both := make(chan error, 2)
	for range 2 {
		go func() { both <- a.Play(t.Context(), tone(800, 200*time.Millisecond)) }()
	}
	r := listen(t, b, audible(370*time.Millisecond)).Report()
	if r.Purity < 0.8 || r.Level > -11 {
		t.Errorf("two plays were mixed: %+v", r)
	}
	for range 2 {
		if err := <-both; err != nil {
			t.Error(err)
		}
	}
}

func TestCloseEndsEverything(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	a, b := e.session(t, SessionConfig{}), e.session(t, SessionConfig{})
	connect(t, a, b)
	ends := make(chan error, 3)
	go func() { ends <- a.Play(t.Context(), tone(800, time.Minute)) }()
	go func() { ends <- a.SendDigits(t.Context(), "0123456789012345678901234567890123456789") }()
	go func() { ends <- a.Record(t.Context(), new(measure.Recorder)) }()
	listen(t, b, audible(60*time.Millisecond))
	a.Close()
	a.Close()
	for range 3 {
		if err := <-ends; !errors.Is(err, ErrClosed) {
			t.Errorf("got %v, want ErrClosed", err)
		}
	}
	if _, err := a.Offer(); !errors.Is(err, ErrClosed) {
		t.Errorf("offer of a closed session: %v", err)
	}
	if st := e.Stats(); st.Sessions != 1 {
		t.Errorf("%d sessions open, want 1", st.Sessions)
	}
}

func TestContextEndsPlayWithItsCause(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	a := e.session(t, SessionConfig{})
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(call.UserBusy)
	if err := a.Play(ctx, tone(800, time.Minute)); !errors.Is(err, call.UserBusy) {
		t.Errorf("got %v, want the cause", err)
	}
}

// until waits for something to become true.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(20 * time.Second); !ok(); <-tick.C {
		if time.Now().After(end) {
			t.Fatal("never: " + what)
		}
	}
}
