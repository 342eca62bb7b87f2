package sipua

import (
	"context"
	"errors"
	"net"
	"testing"

	"go.uber.org/goleak"

	"tandem/gateway/call"
)

// pair is two UAs that reach each other, and the way from the first to the second.
type pair struct {
	a, b *UA
	hop  Hop
}

// flavors are the ways two UAs can be connected.
var flavors = []struct {
	name string
	make func(t *testing.T, b Config) pair
}{
	{"UDP", func(t *testing.T, b Config) pair { return socketPair(t, b, UDP) }},
	{"TCP", func(t *testing.T, b Config) pair { return socketPair(t, b, TCP) }},
	{"TLS", func(t *testing.T, b Config) pair { return socketPair(t, b, TLS) }},
	{"overlay", overlayPair},
}

func socketPair(t *testing.T, c Config, tr Transport) pair {
	a := start(t, Config{}, UDP)
	b := start(t, c, tr)
	return pair{a, b, hopTo(t, b, tr)}
}

func overlayPair(t *testing.T, c Config) pair {
	c.Side, c.Domain = call.Overlay, "overlay.test"
	a := start(t, Config{Side: call.Overlay, Domain: "overlay.test"})
	b := start(t, c)
	join(t, a, b)
	return pair{a, b, Hop{Node: "bb"}}
}

// join connects two overlay UAs as an AppAttach would: nodes aa (alice) and bb (bob). It gives the two ends.
func join(t *testing.T, a, b *UA) (net.Conn, net.Conn) {
	t.Helper()
	ca, cb := tcpPipe(t)
	if err := a.Serve(ca, Peer{Node: "BB", User: "bob@overlay.test"}); err != nil {
		t.Fatal(err)
	}
	if err := b.Serve(cb, Peer{Node: "aa", User: "alice@overlay.test"}); err != nil {
		t.Fatal(err)
	}
	return ca, cb
}

func tcpPipe(t *testing.T) (net.Conn, net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	a, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	b, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return a, b
}

// answerer is an OnInvite that answers with media of its own and gives the leg out.
func answerer(legs chan<- *Leg) func(context.Context, *Leg) {
	return func(ctx context.Context, l *Leg) {
		l.SetMedia(newPaper("callee"))
		if err := l.Ring(ctx); err != nil {
			return
		}
		if err := l.Answer(ctx); err != nil {
			return
		}
		legs <- l
		<-ctx.Done()
	}
}

func TestCallIsConnectedAndEndedByEitherSide(t *testing.T) {
	for _, f := range flavors {
		for _, who := range []string{"caller", "callee"} {
			t.Run(f.name+" "+who+" hangs up", func(t *testing.T) {
				t.Parallel()
				legs := make(chan *Leg, 1)
				p := f.make(t, Config{OnInvite: answerer(legs)})
				m := newPaper("caller")
				out := dialed(t, p.a, "+15550100", p.hop, m)
				if err := out.WaitAnswer(soon(t)); err != nil {
					t.Fatal(err)
				}
				in := within(t, "the answered leg", legs)
				if got := within(t, "ringing", out.Progress()); got.Status != 180 || got.EarlyMedia {
					t.Errorf("progress %+v, want 180 without early media", got)
				}
				if got := m.heard(); got != "callee-answer" {
					t.Errorf("caller's media took %q", got)
				}
				if got := in.Media().(*paper).heard(); got != "caller-offer1" {
					t.Errorf("callee's media took %q", got)
				}
				if who == "caller" {
					out.Hangup(call.NormalClearing)
				} else {
					in.Hangup(call.NormalClearing)
				}
				ended(t, out, call.NormalClearing)
				ended(t, in, call.NormalClearing)
				within(t, "media closed", m.closing)
			})
		}
	}
}

func TestRefusalsReachTheCaller(t *testing.T) {
	tests := []struct {
		name   string
		refuse func(*Leg)
		status int
		cause  call.Cause
	}{
		{"busy", func(l *Leg) { l.Hangup(call.UserBusy) }, 486, call.UserBusy},
		{"no answer", func(l *Leg) { l.Hangup(call.NoAnswer) }, 480, call.NoAnswer},
		{"unallocated", func(l *Leg) { l.Hangup(call.Unallocated) }, 404, call.Unallocated},
		{"decline", func(l *Leg) { l.Refuse(&StatusError{Code: 603}) }, 603, call.Rejected},
		{"own phrase", func(l *Leg) { l.Refuse(&StatusError{Code: 404, Reason: "No Such Mailbox"}) }, 404, call.Unallocated},
		{"handler returns", func(l *Leg) {}, 480, call.NormalUnspecified},
		{"handler panics", func(l *Leg) { panic("a bug") }, 480, call.NormalUnspecified},
		{"no codec", func(l *Leg) {
			m := newPaper("callee")
			m.refuse = true
			l.SetMedia(m)
			if err := l.Answer(l.Context()); !errors.Is(err, call.Incompatible) {
				panic(err)
			}
		}, 488, call.Incompatible},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := socketPair(t, Config{OnInvite: func(_ context.Context, l *Leg) { tt.refuse(l) }}, UDP)
			out := dialed(t, p.a, "bob", p.hop, newPaper("caller"))
			err := out.WaitAnswer(soon(t))
			var e *StatusError
			if !errors.As(err, &e) || e.Code != tt.status {
				t.Fatalf("error %v, want status %d", err, tt.status)
			}
			if !errors.Is(err, tt.cause) {
				t.Errorf("cause of %v is not %v", err, tt.cause)
			}
			ended(t, out, tt.cause)
		})
	}
}

func TestCallerCancels(t *testing.T) {
	for _, f := range flavors {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			ringing := make(chan *Leg, 1)
			p := f.make(t, Config{OnInvite: func(ctx context.Context, l *Leg) {
				_ = l.Ring(ctx)
				ringing <- l
				<-ctx.Done()
			}})
			out := dialed(t, p.a, "bob", p.hop, newPaper("caller"))
			in := within(t, "ringing leg", ringing)
			out.Hangup(call.NormalClearing)
			ended(t, out, call.NormalClearing)
			ended(t, in, call.NormalClearing)
		})
	}
}

func TestCloseLeavesNothingBehind(t *testing.T) {
	before := goleak.IgnoreCurrent()
	legs := make(chan *Leg, 1)
	b, err := Start(Config{Side: call.Trunk, UDP: "127.0.0.1:0", TCP: "127.0.0.1:0", OnInvite: answerer(legs)})
	if err != nil {
		t.Fatal(err)
	}
	a, err := Start(Config{Side: call.Trunk})
	if err != nil {
		t.Fatal(err)
	}
	l := dialed(t, a, "bob", hopTo(t, b, TCP), newPaper("x"))
	if err := l.WaitAnswer(soon(t)); err != nil {
		t.Fatal(err)
	}
	within(t, "leg", legs)
	for _, u := range []*UA{a, b} {
		if err := u.Close(soon(t)); err != nil {
			t.Error(err)
		}
	}
	goleak.VerifyNone(t, before)
}

func TestOverlayCallerIsWhoTheCertificateSays(t *testing.T) {
	infos := make(chan *Leg, 1)
	p := overlayPair(t, Config{OnInvite: func(ctx context.Context, l *Leg) { infos <- l; l.Hangup(call.UserBusy) }})
	dialed(t, p.a, "voicemail", p.hop, newPaper("caller"), func(c *InviteConfig) {
		c.URI = "sips:voicemail@overlay.test;target=sip:bob%40overlay.test;cause=408"
		c.From.URI = "sips:mallory@overlay.test"
	})
	l := within(t, "leg", infos)
	want := call.Info{
		Side: call.Overlay, Node: "aa", Called: "voicemail", Target: "bob@overlay.test", Reason: call.NobodyAnswers,
		Caller: call.Party{AoR: "alice@overlay.test", Name: "Alice", Verified: true},
	}
	if got := l.Info(); got != want {
		t.Errorf("info %+v, want %+v", got, want)
	}
}
