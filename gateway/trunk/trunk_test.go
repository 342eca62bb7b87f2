package trunk

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"tandem/gateway/call"
	"tandem/gateway/sipua"
)

const patience = 20 * time.Second

func soon(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// paper is a Media without audio.
type paper struct{ digits chan call.Digit }

const sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n"

func (paper) Offer() ([]byte, error)                        { return []byte(sdp), nil }
func (paper) Answer([]byte) ([]byte, error)                 { return []byte(sdp), nil }
func (paper) SetAnswer([]byte) error                        { return nil }
func (paper) Play(ctx context.Context, _ call.Source) error { <-ctx.Done(); return ctx.Err() }
func (paper) Record(ctx context.Context, _ call.Sink) error { <-ctx.Done(); return ctx.Err() }
func (p paper) Digits() <-chan call.Digit                   { return p.digits }
func (paper) ReceiveDigit(call.Digit)                       {}
func (paper) SendDigits(context.Context, string) error      { return nil }
func (paper) Close() error                                  { return nil }

// carrier is a UA that registers user "tandem" with the password "right" and answers calls.
type carrier struct {
	ua      *sipua.UA
	reg     *sipua.Registrar
	changes chan []sipua.Binding
	calls   chan *sipua.Leg
}

func startUA(t *testing.T, c sipua.Config) *sipua.UA {
	t.Helper()
	if c.UDP == "" {
		c.UDP = "127.0.0.1:0"
	}
	ua, err := sipua.Start(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := ua.Close(soon(t)); err != nil {
			t.Error(err)
		}
	})
	return ua
}

func newCarrier(t *testing.T, longest time.Duration) *carrier {
	c := &carrier{changes: make(chan []sipua.Binding, 100), calls: make(chan *sipua.Leg, 10)}
	c.reg = sipua.NewRegistrar(sipua.RegistrarConfig{
		Realm: "carrier.test", MaxExpires: longest, MinExpires: time.Second,
		Password: func(user string) (sipua.Secret, bool) { return "right", user == "tandem" },
		OnChange: func(_ string, b []sipua.Binding) { c.changes <- b },
	})
	c.ua = startUA(t, sipua.Config{Side: call.Trunk, Registrar: c.reg, OnInvite: func(ctx context.Context, l *sipua.Leg) {
		l.SetMedia(paper{})
		if l.Answer(ctx) == nil {
			c.calls <- l
			<-ctx.Done()
		}
	}})
	return c
}

func (c *carrier) trunk(name string, edit ...func(*Trunk)) Trunk {
	a := c.ua.Addr(sipua.UDP)
	tr := Trunk{
		Name: name, Host: a.Addr().String(), Port: int(a.Port()), Mode: Register, User: "tandem", Password: "right",
	}
	for _, e := range edit {
		e(&tr)
	}
	return tr
}

// gateway is a Set with the UA it is wired to.
func gateway(t *testing.T) (*Set, *sipua.UA) {
	t.Helper()
	s := NewSet(Config{Backoff: 20 * time.Millisecond, MaxBackoff: 50 * time.Millisecond})
	ua := startUA(t, sipua.Config{Side: call.Trunk, AllowSource: s.AllowSource, Admit: s.Admit})
	s.Attach(ua)
	t.Cleanup(func() {
		if err := s.Close(soon(t)); err != nil {
			t.Error(err)
		}
	})
	return s, ua
}

// becomes waits until a trunk's state satisfies ok.
func becomes(t *testing.T, s *Set, name, what string, ok func(State) bool) State {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	ctx := soon(t)
	for {
		for _, st := range s.States() {
			if st.Name == name && ok(st) {
				return st
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("trunk never became %s: %+v", what, s.States())
		}
	}
}

func up(st State) bool { return st.Up }

func replace(t *testing.T, s *Set, trunks ...Trunk) {
	t.Helper()
	if err := s.Replace(soon(t), trunks); err != nil {
		t.Fatal(err)
	}
}

func TestRegistersCallsAndUnregisters(t *testing.T) {
	c := newCarrier(t, time.Hour)
	s, _ := gateway(t)
	replace(t, s, c.trunk("one"))
	leg, err := s.Call(soon(t), "one", "+15550100", call.Party{Number: "+15550199", Name: "Ann"}, CallOptions{Media: paper{}})
	if err != nil {
		t.Fatal(err)
	}
	if err := leg.WaitAnswer(soon(t)); err != nil {
		t.Fatal(err)
	}
	in := <-c.calls
	if got := in.Info().Called; got != "+15550100" {
		t.Errorf("carrier was asked for %q", got)
	}
	if got := in.Headers("P-Preferred-Identity"); len(got) != 1 || !strings.Contains(got[0], "sip:+15550199@") {
		t.Errorf("P-Preferred-Identity %q", got)
	}
	if got := in.Headers("From"); !strings.Contains(got[0], "sip:tandem@") {
		t.Errorf("From %q does not name the registered user", got)
	}
	if st := s.States()[0]; !st.Up || st.Calls != 1 || st.RegisteredUntil.Before(time.Now().Add(50*time.Minute)) {
		t.Errorf("state %+v", st)
	}
	leg.Hangup(call.NormalClearing)
	becomes(t, s, "one", "free again", func(st State) bool { return st.Calls == 0 })
	if err := s.Close(soon(t)); err != nil {
		t.Fatal(err)
	}
	if left := c.reg.Bindings(""); len(left) != 0 {
		t.Errorf("still registered after Close: %v", left)
	}
}

func TestRefreshesBeforeTheRegistrationEnds(t *testing.T) {
	c := newCarrier(t, 2*time.Second)
	s, _ := gateway(t)
	replace(t, s, c.trunk("one"))
	var last time.Time
	for range 3 {
		select {
		case b := <-c.changes:
			if len(b) != 1 || !b[0].Expires.After(last) {
				t.Fatalf("bindings %+v after %v", b, last)
			}
			last = b[0].Expires
		case <-time.After(patience):
			t.Fatal("no refresh")
		}
	}
}

func TestWrongPasswordIsSaidInPlainWords(t *testing.T) {
	c := newCarrier(t, time.Hour)
	s, _ := gateway(t)
	replace(t, s, c.trunk("one", func(tr *Trunk) { tr.Password = "wrong-secret" }))
	st := becomes(t, s, "one", "refused", func(st State) bool { return st.LastError != "" })
	if st.Up || !strings.Contains(st.LastError, "check user name and password") || strings.Contains(st.LastError, "wrong-secret") {
		t.Errorf("state %+v", st)
	}
	_, err := s.Call(soon(t), "one", "+15550100", call.Party{}, CallOptions{Media: paper{}})
	if !errors.Is(err, ErrDown) {
		t.Errorf("call through a trunk that is down: %v", err)
	}
}

func TestComesUpWhenTheCarrierDoes(t *testing.T) {
	c := newCarrier(t, time.Hour)
	s, _ := gateway(t)
	dead := c.trunk("one", func(tr *Trunk) { tr.Transport = sipua.TCP; tr.Port = 1 }) // nobody listens there
	replace(t, s, dead)
	st := becomes(t, s, "one", "down", func(st State) bool { return st.LastError != "" })
	if !strings.Contains(st.LastError, "refuses connections over TCP") {
		t.Errorf("last error %q", st.LastError)
	}
	replace(t, s, c.trunk("one"))
	st = becomes(t, s, "one", "up", up)
	if st.LastError != "" {
		t.Errorf("last error %q of a trunk that is up", st.LastError)
	}
}

func TestReplaceKeepsWhatDidNotChange(t *testing.T) {
	c := newCarrier(t, time.Hour)
	s, _ := gateway(t)
	replace(t, s, c.trunk("one"))
	before := becomes(t, s, "one", "up", up)
	replace(t, s, c.trunk("one"), c.trunk("two", func(tr *Trunk) { tr.Mode = ByAddress }))
	after := becomes(t, s, "two", "up", up)
	if got := s.States()[0]; got.RegisteredUntil != before.RegisteredUntil {
		t.Errorf("an unchanged trunk registered anew: %+v, before %+v", got, before)
	}
	if after.RegisteredUntil != (time.Time{}) {
		t.Errorf("a trunk by address is registered: %+v", after)
	}
	if err := s.Replace(soon(t), []Trunk{{Name: "x"}, {Name: "x", Host: "h h", Mode: "guess"}}); err == nil {
		t.Error("a wrong list was taken")
	}
	if len(s.States()) != 2 {
		t.Errorf("a wrong list changed the set: %+v", s.States())
	}
	replace(t, s)
	if got := s.States(); len(got) != 0 {
		t.Errorf("states %+v of no trunks", got)
	}
}

func TestCapacity(t *testing.T) {
	c := newCarrier(t, time.Hour)
	s, _ := gateway(t)
	replace(t, s, c.trunk("one", func(tr *Trunk) { tr.MaxCalls = 1 }))
	release, err := s.Take("one")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Call(soon(t), "one", "+15550100", call.Party{}, CallOptions{Media: paper{}}); !errors.Is(err, ErrFull) {
		t.Errorf("second call: %v, want ErrFull", err)
	}
	release()
	release()
	if _, err := s.Take("one"); err != nil {
		t.Errorf("after the first ended: %v", err)
	}
	if _, err := s.Take("one"); !errors.Is(err, ErrFull) {
		t.Errorf("released twice counted twice: %v", err)
	}
	if _, err := s.Take("none"); !errors.Is(err, ErrUnknown) {
		t.Errorf("unknown trunk: %v", err)
	}
}

func TestIncomingIsMatchedByAddress(t *testing.T) {
	s, _ := gateway(t)
	replace(t, s,
		Trunk{Name: "b-plain", Host: "127.0.0.1", Port: 9},
		Trunk{Name: "a-other", Host: "127.0.0.2", Port: 9, Sources: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}},
		Trunk{Name: "c-user", Host: "127.0.0.1", Port: 9, Mode: Register, User: "tandem"},
	)
	tests := []struct{ addr, request, trunk string }{
		{"127.0.0.1", "+15550100", "b-plain"},
		{"127.0.0.1", "tandem", "c-user"},
		{"127.0.0.2", "tandem", "a-other"},
		{"198.51.100.77", "x", "a-other"},
		{"::ffff:198.51.100.77", "x", "a-other"},
		{"203.0.113.1", "x", ""},
	}
	for _, tt := range tests {
		a := netip.MustParseAddr(tt.addr)
		got, ok := s.Admit(sipua.Source{Addr: netip.AddrPortFrom(a, 5060), Request: tt.request})
		if got.Trunk != tt.trunk || ok != (tt.trunk != "") || s.AllowSource(a) != ok {
			t.Errorf("INVITE for %q from %v: trunk %q, %v; want %q", tt.request, a, got.Trunk, ok, tt.trunk)
		}
	}
}

func TestStrangersAreNotAnswered(t *testing.T) {
	s, ua := gateway(t)
	replace(t, s, Trunk{Name: "other", Host: "127.0.0.2", Port: 9})
	stranger := startUA(t, sipua.Config{Side: call.Trunk})
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	a := ua.Addr(sipua.UDP)
	status, err := stranger.Options(ctx, "sip:gateway.test", sipua.Hop{Transport: sipua.UDP, Host: a.Addr().String(), Port: int(a.Port())})
	if err == nil {
		t.Errorf("a stranger's OPTIONS was answered with %d", status)
	}
}

func TestProblemsAreAllNamed(t *testing.T) {
	s, _ := gateway(t)
	err := s.Replace(soon(t), []Trunk{{
		Host: "a b", Port: -1, Transport: "SCTP", Mode: Register, SRTP: "maybe", Format: "roman", Identity: "who", MaxCalls: -1, Expires: time.Second,
	}})
	for _, want := range []string{"no name", "not a host", "not a port", "none of UDP", "needs a user", "SRTP", "format", "identity", "registration", "less than none"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("problem %q is not in: %v", want, err)
		}
	}
}

func TestHowACarrierWantsToBeCalled(t *testing.T) {
	tests := []struct {
		name  string
		trunk Trunk
		from  call.Party
		want  string // URI | From | asserted | preferred | private
	}{
		{"by address", Trunk{Host: "c.test"}, call.Party{Number: "+15550199", Name: "Ann"},
			"sip:+15550100@c.test|Ann sip:+15550199@c.test|sip:+15550199@c.test||false"},
		{"registered", Trunk{Host: "c.test", Mode: Register, User: "me", FromDomain: "d.test", Port: 5070}, call.Party{Number: "+15550199"},
			"sip:+15550100@c.test:5070| sip:me@d.test||sip:+15550199@d.test|false"},
		{"digits only", Trunk{Host: "c.test", Format: Digits}, call.Party{Number: "+15550199"},
			"sip:15550100@c.test| sip:15550199@c.test|sip:15550199@c.test||false"},
		{"zeros, nothing given", Trunk{Host: "c.test", Format: Zeros, Identity: NoneGiven}, call.Party{Number: "+15550199"},
			"sip:0015550100@c.test| sip:0015550199@c.test|||false"},
		{"anonymous", Trunk{Host: "c.test"}, call.Party{Number: "+15550199", Name: "Ann", Anonymous: true},
			"sip:+15550100@c.test|Anonymous sip:anonymous@anonymous.invalid|sip:+15550199@c.test||true"},
		{"no number", Trunk{Host: "c.test"}, call.Party{AoR: "ann@o.test"},
			"sip:+15550100@c.test| sip:anonymous@c.test|||false"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := &entry{cfg: tt.trunk.withDefaults()}
			c := e.invite("+15550100", tt.from, CallOptions{})
			got := fmt.Sprintf("%s|%s %s|%s|%s|%v", c.URI, c.From.Name, c.From.URI, c.Identity.Asserted, c.Identity.Preferred, c.Identity.Private)
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestPasswordIsNeverPrinted(t *testing.T) {
	tr := Trunk{Name: "one", Host: "h", Password: "hush-hush"}
	for _, s := range []string{fmt.Sprint(tr), fmt.Sprintf("%+v", tr), fmt.Sprintf("%#v", tr), fmt.Sprintf("%q", tr.Password)} {
		if strings.Contains(s, "hush-hush") {
			t.Errorf("password shows in %s", s)
		}
	}
}
