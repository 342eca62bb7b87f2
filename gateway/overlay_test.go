package gateway_test

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	"tandem/gateway"
	"tandem/gateway/attach"
	"tandem/gateway/call"
	"tandem/gateway/cdr"
	"tandem/gateway/codec/measure"
	"tandem/gateway/media"
	"tandem/gateway/phone"
	"tandem/gateway/route"
	"tandem/gateway/route/routetest"
	"tandem/gateway/sipua"
)

// From one overlay user to another no gateway is involved.
func TestOverlayUsersTalkDirectly(t *testing.T) {
	s := newSite(t)
	far, caller := make(chan measure.Report, 1), make(chan call.Party, 1)
	s.phone("b1", "bob@example.net", answering(func(ctx context.Context, leg call.Leg) error {
		caller <- leg.Info().Caller
		if err := leg.Answer(ctx); err != nil {
			return err
		}
		far <- listen(ctx, leg)
		return nil
	}))
	alice := s.phone("a1", "alice@example.net", nil)
	leg, err := alice.Call(t.Context(), "bob", phone.CallOptions{})
	s.must(err)
	s.must(leg.Play(t.Context(), tone(1004, time.Second)))
	leg.Hangup(call.NormalClearing)
	heard(t, "Bob", <-far, 1004)
	if p := <-caller; p.AoR != "alice@example.net" || !p.Verified {
		t.Errorf("Bob was called by %+v; want Alice, verified", p)
	}
	if n := len(s.gw.Status().Calls); n != 0 {
		t.Errorf("the gateway has %d calls; want none", n)
	}
}

// Nobody there: the mailbox, found under a key that is the same for every caller. A provider that does not keep it is
// passed over; why the call came goes with it.
func TestOverlayCallGoesToTheMailbox(t *testing.T) {
	s := newSite(t)
	s.net = &routetest.Network{}
	other := s.net.Join("0x", "gateway@example.net") // a provider of another's mailboxes
	empty, err := gateway.New(t.Context(), gateway.Config{Node: "0x", Domain: "example.net", Directory: s.store, Records: s.store,
		Overlay: other, Media: s.media, Voicemail: nil, Logger: s.log})
	s.must(err)
	other.Accept(empty.Serve)
	other.Offer(route.ServiceVoicemail)
	s.run(empty.Run)
	s.gw = s.gateway("0b", gateway.Limits{})
	alice := s.phone("a1", "alice@example.net", nil)
	leg, err := alice.Call(t.Context(), "sips:bob@example.net", phone.CallOptions{})
	s.must(err)
	heard(t, "Alice", listen(leg.Context(), leg), 600)
	if got, want := s.mail.last(), (deposit{"bob@example.net", call.NotRegistered}); got != want {
		t.Errorf("deposit %+v; want %+v", got, want)
	}
	s.phone("b1", "bob@example.net", answering(func(_ context.Context, leg call.Leg) error {
		leg.Hangup(call.UserBusy)
		return nil
	}))
	leg, err = alice.Call(t.Context(), "bob@example.net", phone.CallOptions{})
	s.must(err)
	leg.Hangup(call.NormalClearing)
	if got, want := s.mail.last(), (deposit{"bob@example.net", call.Busy}); got != want {
		t.Errorf("deposit %+v; want %+v", got, want)
	}
	for _, key := range s.net.Keys(route.ServiceVoicemail) {
		if key != "bob@example.net" {
			t.Errorf("voicemail was looked up under %q; want under the callee", key)
		}
	}
	if r := s.calls(4)[0]; r.Direction != cdr.Service || r.Mailbox != "bob@example.net" || r.Caller.AoR != "alice@example.net" {
		t.Errorf("call record %+v", r)
	}
}

func TestOwnMailboxMenuAndNobody(t *testing.T) {
	s := newSite(t)
	s.menus["reception"] = greeting(900)
	alice := s.phone("a1", "alice@example.net", nil)
	for dialed, hz := range map[string]float64{"*97": 700, "voicemail": 700, "sip:voicemail@example.net": 700, "reception": 900} {
		leg, err := alice.Call(t.Context(), dialed, phone.CallOptions{})
		s.must(err)
		heard(t, "the caller of "+dialed, listen(leg.Context(), leg), hz)
	}
	if _, err := alice.Call(t.Context(), "nobody", phone.CallOptions{}); !errors.Is(err, route.ErrNotRegistered) {
		t.Errorf("a call to nobody: %v; want ErrNotRegistered", err)
	}
	carol := s.phone("c1", "carol@example.net", nil)
	_, err := carol.Call(t.Context(), "*97", phone.CallOptions{})
	wantStatus(t, "one who has no mailbox", err, 404)
}

// A gateway that is gone is passed over; one for a longer prefix comes first.
func TestNextGateway(t *testing.T) {
	s := newSite(t)
	s.carrier.answers(func(ctx context.Context, leg *sipua.Leg) { _ = leg.Answer(ctx); <-ctx.Done() })
	alice := s.phone("a1", "alice@example.net", nil)
	s.net.Join("0c", "gateway@example.net").Offer(route.ServiceGateway + ":+155") // registered, and dead
	second := s.gateway("0b", gateway.Limits{})
	s.net.Join("0b2", "gateway@example.net") // not registered for anything
	leg, err := alice.Call(t.Context(), "+15551230000", phone.CallOptions{})
	s.must(err)
	leg.Hangup(call.NormalClearing)
	if r := s.calls(1)[0]; r.Gateway != "0a" {
		t.Errorf("the call went by %s; want the first living gateway 0a", r.Gateway)
	}
	node := s.net.Join("0b", "gateway@example.net")
	node.Accept(second.Serve)
	node.Offer(route.ServiceGateway + ":+1555")
	leg, err = alice.Call(t.Context(), "+15551230000", phone.CallOptions{})
	s.must(err)
	leg.Hangup(call.NormalClearing)
	if r := s.calls(2)[0]; r.Gateway != "0b" {
		t.Errorf("the call went by %s; want 0b, which is there for +1555", r.Gateway)
	}
}

// Calls to a node share one connection, also calls that come at once; when it is gone the next call opens another.
func TestConnectionIsKept(t *testing.T) {
	s := newSite(t)
	s.carrier.answers(func(ctx context.Context, leg *sipua.Leg) { _ = leg.Answer(ctx); <-ctx.Done() })
	alice := s.phone("a1", "alice@example.net", nil)
	dial := func(n int) {
		legs := make(chan *sipua.Leg, n)
		for range n {
			go func() {
				leg, err := alice.Call(t.Context(), "+15551230000", phone.CallOptions{})
				if err != nil {
					t.Errorf("Call = %v", err)
				}
				legs <- leg
			}()
		}
		for range n {
			if leg := <-legs; leg != nil {
				leg.Hangup(call.NormalClearing)
			}
		}
	}
	dial(3)
	dial(1)
	if n := s.net.Connects(); n != 1 {
		t.Errorf("%d connections for four calls; want 1", n)
	}
	s.calls(4)
	s.net.Cut()
	dial(1)
	if n := s.net.Connects(); n != 2 {
		t.Errorf("%d connections after the first was cut; want 2", n)
	}
}

// intruder is a peer with a certificate of Alice's that says what it likes.
type intruder struct {
	s     *site
	ua    *sipua.UA
	peers *attach.Pool
}

func (s *site) intruder() intruder {
	s.t.Helper()
	ua, err := sipua.Start(sipua.Config{Side: call.Overlay, Domain: "example.net", Logger: s.log})
	s.must(err)
	s.t.Cleanup(func() { _ = ua.Close(context.Background()) })
	node := s.net.Join("e1", "alice@example.net")
	peers := attach.New(ua, node, s.media)
	node.Accept(peers.Serve)
	return intruder{s, ua, peers}
}

func (i intruder) call(to, uri, from string) error {
	leg, err := i.peers.Invite(i.s.t.Context(), route.Contact{Node: to}, nil, sipua.InviteConfig{URI: uri, From: sipua.Address{URI: from}})
	i.s.must(err)
	err = leg.WaitAnswer(i.s.t.Context())
	leg.Hangup(call.NormalClearing)
	return err
}

// The certificate says who calls; a header that says otherwise is refused, by gateways and by phones.
func TestImpostorIsRefused(t *testing.T) {
	s := newSite(t)
	s.carrier.answers(func(_ context.Context, leg *sipua.Leg) { t.Error("an impostor's call reached the carrier") })
	s.phone("b1", "bob@example.net", answering(greeting(800)))
	e := s.intruder()
	for _, from := range []string{"sips:bob@example.net", "sips:alice@elsewhere.net", "sip:+15557770000@example.net", "tel:+15557770000"} {
		wantStatus(t, "gateway, From "+from, e.call("0a", "sips:+15551230000@example.net", from), 403)
	}
	wantStatus(t, "phone, From carol", e.call("b1", "sips:bob@example.net", "sips:carol@example.net"), 403)
	for _, from := range []string{"sip:+15557770000@example.net", "sip:anonymous@anonymous.invalid"} {
		wantStatus(t, "phone, by a peer that is no gateway, From "+from, e.call("b1", "sips:bob@example.net", from), 403)
	}
	wantStatus(t, "phone of Bob asked for Carol", e.call("b1", "sips:carol@example.net", "sips:alice@example.net"), 404)
	if err := e.call("b1", "sips:bob@example.net", "sips:alice@example.net"); err != nil {
		t.Errorf("the same peer under its own name: %v", err)
	}
	for _, r := range s.calls(4) {
		if r.Caller.AoR != "alice@example.net" || r.CallerNode != "e1" || r.Status != 403 {
			t.Errorf("record of an impostor's call: %+v; want the certificate's user on file", r)
		}
	}
}

// What a gateway is asked for by a peer and does not know.
func TestGatewayRefusesNonsense(t *testing.T) {
	s := newSite(t)
	e := s.intruder()
	for uri, want := range map[string]int{
		"sips:12@example.net":     484,
		"sips:911@example.net":    403,
		"sips:nobody@example.net": 404,
		"sips:voicemail@example.net;target=sip:nobody%40example.net;cause=404": 404,
	} {
		wantStatus(t, uri, e.call("0a", uri, "sips:alice@example.net"), want)
	}
}

// softphone is a plain SIP client on loopback.
type softphone struct {
	s    *site
	ua   *sipua.UA
	at   netip.AddrPort // the phone it registers with
	came chan *sipua.Leg
}

func (s *site) softphone(p *phone.Phone) *softphone {
	s.t.Helper()
	sp := &softphone{s: s, at: netip.MustParseAddrPort(p.Status().Listen), came: make(chan *sipua.Leg, 4)}
	ua, err := sipua.Start(sipua.Config{Side: call.Local, UDP: "127.0.0.1:0", Logger: s.log.With("at", "softphone"),
		NewMedia: func(*sipua.Leg) (sipua.Media, error) { return sp.media() },
		OnInvite: func(ctx context.Context, leg *sipua.Leg) {
			_ = leg.Ring(ctx)
			if leg.Answer(ctx) == nil {
				sp.came <- leg
				<-ctx.Done()
			}
		}})
	s.must(err)
	sp.ua = ua
	s.t.Cleanup(func() { _ = ua.Close(context.Background()) })
	return sp
}

func (sp *softphone) media() (*media.Session, error) {
	return sp.s.media.NewSession(media.SessionConfig{Peer: sp.at.Addr()})
}

func (sp *softphone) hop() sipua.Hop {
	return sipua.Hop{Transport: sipua.UDP, Host: sp.at.Addr().String(), Port: int(sp.at.Port())}
}

func (sp *softphone) register(user string, password sipua.Secret) error {
	_, err := sp.ua.Register(sp.s.t.Context(), sipua.RegisterConfig{Registrar: "sip:" + sp.at.String(), CallID: "softphone-1", CSeq: 1,
		AoR: sipua.Address{URI: "sip:" + user + "@" + sp.at.Addr().String()}, ContactUser: user, Expires: time.Minute, Hop: sp.hop(),
		Credentials: sipua.Credentials{User: user, Password: password}})
	return err
}

func (sp *softphone) call(to string) (*sipua.Leg, error) {
	m, err := sp.media()
	sp.s.must(err)
	leg, err := sp.ua.Invite(sp.s.t.Context(), sipua.InviteConfig{URI: "sip:" + to + "@" + sp.at.String(), Hop: sp.hop(), Media: m,
		From: sipua.Address{URI: "sip:whoever@127.0.0.1"}})
	sp.s.must(err)
	return leg, leg.WaitAnswer(sp.s.t.Context())
}

func withSoftphones(c *phone.Config) { c.Listen = "127.0.0.1:0" }

func TestSoftphoneCallsNumber(t *testing.T) {
	s := newQuietSite(t)
	far := make(chan measure.Report, 1)
	s.carrier.answers(func(ctx context.Context, leg *sipua.Leg) {
		if leg.Answer(ctx) == nil {
			go func() { _ = leg.Play(ctx, tone(1333, 0)) }()
			far <- listen(ctx, leg)
		}
	})
	sp := s.softphone(s.phone("a1", "alice@example.net", withSoftphones))
	leg, err := sp.call("+15551230000")
	s.must(err)
	near := make(chan measure.Report, 1)
	go func() { near <- listen(leg.Context(), leg) }()
	s.must(leg.Play(t.Context(), tone(1004, 2*time.Second)))
	leg.Hangup(call.NormalClearing)
	heard(t, "the carrier", <-far, 1004)
	heard(t, "the softphone", <-near, 1333)
	if r := s.calls(1)[0]; r.Caller.AoR != "alice@example.net" {
		t.Errorf("on record: %+v; want Alice, whatever the softphone says", r.Caller)
	}
	_, err = sp.call("12")
	wantStatus(t, "a number that is none", err, 484)
	_, err = sp.call("911")
	wantStatus(t, "an emergency number", err, 403)
	_, err = sp.call("nobody")
	wantStatus(t, "nobody", err, 480)
}

func TestCallsReachSoftphone(t *testing.T) {
	s := newSite(t)
	bob := s.phone("b1", "bob@example.net", withSoftphones)
	alice := s.phone("a1", "alice@example.net", nil)
	leg := s.carrier.call("+15550001000") // no softphone yet: 480 at the phone, so voicemail
	s.must(leg.WaitAnswer(t.Context()))
	leg.Hangup(call.NormalClearing)
	if got := s.mail.last(); got.reason != call.NotRegistered {
		t.Errorf("deposit %+v; want because nobody is registered", got)
	}
	sp := s.softphone(bob)
	s.must(sp.register("anybody", ""))
	if st := bob.Status(); len(st.Softphones) != 1 || !st.AnyoneMay {
		t.Errorf("status %+v; want one softphone, and that anyone may register", st)
	}
	leg = s.carrier.call("+15550001000")
	s.must(leg.WaitAnswer(t.Context()))
	at := <-sp.came
	if got := at.Info().Caller.Number; got != "+15551112222" {
		t.Errorf("the softphone sees %q calling; want the carrier's caller", got)
	}
	at.Hangup(call.NormalClearing)
	<-leg.Context().Done()
	leg, err := alice.Call(t.Context(), "bob", phone.CallOptions{})
	s.must(err)
	if got := (<-sp.came).Info().Caller.AoR; got != "alice@example.net" {
		t.Errorf("the softphone sees %q calling; want Alice", got)
	}
	leg.Hangup(call.NormalClearing)
}

func TestSoftphoneNeedsItsPassword(t *testing.T) {
	s := newSite(t)
	p := s.phone("a1", "alice@example.net", func(c *phone.Config) { c.Listen, c.User, c.Password = "127.0.0.1:0", "alice", "right" })
	sp := s.softphone(p)
	for _, c := range []struct {
		user     string
		password sipua.Secret
		ok       bool
	}{{"alice", "wrong", false}, {"mallory", "right", false}, {"alice", "right", true}} {
		if err := sp.register(c.user, c.password); (err == nil) != c.ok {
			t.Errorf("register %s/%s: %v", c.user, string(c.password), err)
		}
	}
	_, err := sp.call("+15551230000")
	var status *sipua.StatusError
	if !errors.As(err, &status) || status.Code != 401 && status.Code != 407 {
		t.Errorf("a call without password: %v; want a challenge", err)
	}
	if _, err := phone.New(phone.Config{AoR: "alice@example.net", Listen: "0.0.0.0:0", Overlay: s.net.Join("a2", ""), Media: s.media}); err == nil {
		t.Error("a phone for everybody without a password: no error")
	}
}
