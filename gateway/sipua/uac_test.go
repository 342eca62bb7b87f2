package sipua

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"tandem/gateway/call"
)

// calls starts a call from a fresh UA to a peer written by hand and gives the INVITE as it came.
func calls(t *testing.T, c Config, edit ...func(*InviteConfig)) (*UA, *peer, *Leg, *paper, message) {
	t.Helper()
	u := start(t, c, UDP)
	p := newPeer(t, u)
	m := newPaper("caller")
	l := dialed(t, u, "+15550100", p.hop(), m, edit...)
	return u, p, l, m, p.expect("INVITE")
}

func answerSDP(name string) string { return string(sdpText(name)) }

func waitFails(t *testing.T, l *Leg, status int, cause call.Cause) {
	t.Helper()
	err := l.WaitAnswer(soon(t))
	var e *StatusError
	if !errors.As(err, &e) || e.Code != status || !errors.Is(err, cause) {
		t.Fatalf("WaitAnswer: %v (%v), want %d and %v", err, errors.Unwrap(err), status, cause)
	}
	ended(t, l, cause)
}

func TestNoCancelBeforeAProvisionalResponse(t *testing.T) { // RFC 3261 §9.1
	_, p, l, _, inv := calls(t, Config{})
	l.Hangup(call.NormalClearing)
	ended(t, l, call.NormalClearing)
	if m := p.receive(); m.method() != "INVITE" { // its repetition, no CANCEL
		t.Fatalf("%s before any response", m.start)
	}
	p.reply(inv, "180 Ringing", "far")
	c := p.expect("CANCEL")
	if c.get("Via") != inv.get("Via") || c.get("To") != inv.get("To") || strings.Fields(c.start)[1] != strings.Fields(inv.start)[1] {
		t.Errorf("CANCEL does not match its INVITE:\n%+v\n%+v", c, inv)
	}
	if c.get("CSeq") != strings.Replace(inv.get("CSeq"), "INVITE", "CANCEL", 1) {
		t.Errorf("CSeq %q of the CANCEL, %q of the INVITE", c.get("CSeq"), inv.get("CSeq"))
	}
	p.reply(c, "200 OK", "far")
	p.reply(inv, "487 Request Terminated", "far")
	p.expect("ACK")
}

func TestFirstResponseTo200AfterHangup(t *testing.T) {
	_, p, l, _, inv := calls(t, Config{})
	l.Hangup(call.NormalClearing)
	p.reply(inv, "200 OK", "far", answerSDP("x"))
	p.expect("ACK")
	p.reply(p.expect("BYE"), "200 OK", "")
}

func Test200CrossesCancel(t *testing.T) {
	_, p, l, _, inv := calls(t, Config{})
	p.reply(inv, "100 Trying", "")
	p.reply(inv, "180 Ringing", "far")
	within(t, "ringing", l.Progress())
	l.Hangup(call.NormalClearing)
	c := p.expect("CANCEL")
	p.reply(inv, "200 OK", "far", answerSDP("x"))
	p.reply(c, "481 Call/Transaction Does Not Exist", "far")
	ack := p.expect("ACK")
	if !strings.HasPrefix(ack.start, "ACK sip:peer@") || tagOf(ack.get("To")) != "far" {
		t.Errorf("ACK %s to %s", ack.start, ack.get("To"))
	}
	bye := p.expect("BYE")
	p.reply(bye, "200 OK", "")
	if l.AnsweredAt() != (time.Time{}) {
		t.Error("a cancelled call counts as answered")
	}
}

func TestCancelledBusyIsOnlyCancelled(t *testing.T) {
	_, p, l, _, inv := calls(t, Config{})
	p.reply(inv, "180 Ringing", "far")
	within(t, "ringing", l.Progress())
	l.Hangup(call.NormalClearing)
	p.expect("CANCEL")
	p.reply(inv, "486 Busy Here", "far")
	p.expect("ACK")
	if err := l.WaitAnswer(soon(t)); !errors.Is(err, call.NormalClearing) {
		t.Errorf("WaitAnswer: %v", err)
	}
}

func TestForkedAnswers(t *testing.T) { // §13.2.2.4
	_, p, l, _, inv := calls(t, Config{})
	p.reply(inv, "180 Ringing", "one")
	p.reply(inv, "183 Session Progress", "two", answerSDP("early-two"))
	p.reply(inv, "200 OK", "one", answerSDP("one"))
	if err := l.WaitAnswer(soon(t)); err != nil {
		t.Fatal(err)
	}
	p.expect("ACK")
	p.reply(inv, "200 OK", "two", answerSDP("two"))
	ack := p.expect("ACK")
	bye := p.expect("BYE")
	p.reply(bye, "200 OK", "")
	if tagOf(ack.get("To")) != "two" || tagOf(bye.get("To")) != "two" {
		t.Errorf("the second answer got ACK for %s and BYE for %s", ack.get("To"), bye.get("To"))
	}
	p.reply(inv, "200 OK", "one", answerSDP("one")) // the first again: its ACK was lost
	if ack := p.expect("ACK"); tagOf(ack.get("To")) != "one" || ack.get("CSeq") != strings.Replace(inv.get("CSeq"), "INVITE", "ACK", 1) {
		t.Errorf("repeated 200 got %s for %s", ack.get("CSeq"), ack.get("To"))
	}
	l.Hangup(call.NormalClearing)
	if bye := p.expect("BYE"); tagOf(bye.get("To")) != "one" {
		t.Errorf("BYE for %s", bye.get("To"))
	} else {
		p.reply(bye, "200 OK", "")
	}
}

func TestManyProvisionalResponses(t *testing.T) {
	_, p, l, m, inv := calls(t, Config{})
	for i := range 30 {
		if i%2 == 0 {
			p.reply(inv, "180 Ringing", "far")
		} else {
			p.reply(inv, "183 Session Progress", "far", answerSDP("early"))
		}
	}
	p.reply(inv, "200 OK", "far", answerSDP("final"))
	if err := l.WaitAnswer(soon(t)); err != nil {
		t.Fatal(err)
	}
	if got := m.heard(); !strings.HasSuffix(got, " final") || !strings.HasPrefix(got, "early ") {
		t.Errorf("media took %q", got)
	}
}

func TestNobodyThere(t *testing.T) {
	t0 := time.Now()
	_, _, l, _, _ := calls(t, Config{NoAnswerYet: 200 * time.Millisecond})
	waitFails(t, l, 408, call.NoUserResponse)
	if d := time.Since(t0); d < 200*time.Millisecond {
		t.Errorf("gave up after %v", d)
	}
}

func TestLate200AfterGivingUpIsEnded(t *testing.T) {
	_, p, l, _, inv := calls(t, Config{NoAnswerYet: 100 * time.Millisecond})
	waitFails(t, l, 408, call.NoUserResponse)
	p.reply(inv, "200 OK", "far", answerSDP("x"))
	p.expect("ACK")
	p.reply(p.expect("BYE"), "200 OK", "")
}

func TestAnswerWithoutUsableDescription(t *testing.T) {
	for _, body := range []string{"", "v=0 this is not it"} {
		_, p, l, _, inv := calls(t, Config{})
		if body == "" {
			p.reply(inv, "200 OK", "far")
		} else {
			p.reply(inv, "200 OK", "far", body)
		}
		p.expect("ACK")
		p.reply(p.expect("BYE"), "200 OK", "")
		waitFails(t, l, 488, call.Incompatible)
	}
}

func TestFinalResponses(t *testing.T) {
	tests := []struct {
		line   string
		extra  []string
		status int
		cause  call.Cause
		after  time.Duration
	}{
		{"486 Busy Here", nil, 486, call.UserBusy, 0},
		{"404 Gibt's nicht", nil, 404, call.Unallocated, 0},
		{"503 Full", []string{"Retry-After: 7 (soon)"}, 503, call.TemporaryFailure, 7 * time.Second},
		{"480 No", []string{`Reason: SIP;cause=480, Q.850;cause=19;text="no, answer"`}, 480, call.NoAnswer, 0},
		{"302 Moved", []string{"Contact: <sip:+88212345@evil.test>"}, 302, 23, 0},
		{"401 Unauthorized", nil, 401, call.Rejected, 0}, // no challenge in it
		{"499 Whatever", nil, 499, call.TemporaryFailure, 0},
		{"699 Never", nil, 699, call.UserBusy, 0},
	}
	for _, tt := range tests {
		t.Run(tt.line, func(t *testing.T) {
			t.Parallel()
			_, p, l, _, inv := calls(t, Config{}, func(c *InviteConfig) { c.Credentials = Credentials{User: "u", Password: "p"} })
			p.reply(inv, tt.line, "far", tt.extra...)
			p.expect("ACK")
			waitFails(t, l, tt.status, tt.cause)
			var e *StatusError
			if errors.As(l.WaitAnswer(soon(t)), &e); e.RetryAfter != tt.after {
				t.Errorf("Retry-After %v, want %v", e.RetryAfter, tt.after)
			}
		})
	}
}

func TestRouteSet(t *testing.T) { // §12.1.2, §12.2.1.1
	tests := []struct{ name, routes, uri, want string }{
		{"loose", "<sip:p2.test;lr>\nRecord-Route: <sip:p1.test;lr>, <sip:p0.test;lr;x=y>",
			"sip:peer@", "<sip:p0.test;lr;x=y> <sip:p1.test;lr> <sip:p2.test;lr>"},
		{"strict", "<sip:p2.test;lr>\nRecord-Route: <sip:p1.test>", "sip:p1.test", "<sip:p2.test;lr> <sip:peer@"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, p, l, _, inv := calls(t, Config{})
			p.reply(inv, "180 Ringing", "far")
			p.reply(inv, "200 OK", "far", "Record-Route: "+tt.routes, answerSDP("x"))
			ack := p.expect("ACK")
			if err := l.WaitAnswer(soon(t)); err != nil {
				t.Fatal(err)
			}
			l.Hangup(call.NormalClearing)
			bye := p.expect("BYE")
			p.reply(bye, "200 OK", "")
			for _, m := range []message{ack, bye} {
				if got := strings.Join(m.all("Route"), " "); !strings.HasPrefix(got, tt.want) {
					t.Errorf("%s: Route %s, want %s", m.method(), got, tt.want)
				}
				if !strings.HasPrefix(strings.Fields(m.start)[1], tt.uri) {
					t.Errorf("%s, want URI %s", m.start, tt.uri)
				}
			}
		})
	}
}

func TestInviteSaysWhatIsAskedOfIt(t *testing.T) {
	_, p, l, _, inv := calls(t, Config{}, func(c *InviteConfig) {
		c.URI = "sip:voicemail@o.test;target=sip:bob%40o.test;cause=408"
		c.From = Address{Name: "Ann \"the\r\nBYE\" \\ B", URI: "sip:+15550199@here.test"}
		c.To = Address{URI: "sip:bob@o.test"}
		c.Identity = Identity{Asserted: "sip:+15550198@here.test", Private: true}
		c.Diversion = []Diversion{{URI: "sip:+15550100@o.test", Reason: "no-answer"}}
		c.Headers = []Header{{"X-Test", "1"}}
		c.Route = []string{"sip:edge.test;lr"}
		c.MaxForwards = 12
		c.ContactUser = "trunk user"
	})
	p.reply(inv, "486 Busy Here", "far")
	want := map[string]string{
		"P-Asserted-Identity": "<sip:+15550198@here.test>", "Privacy": "id", "X-Test": "1", "Max-Forwards": "12",
		"Route": "<sip:edge.test;lr>", "Diversion": "<sip:+15550100@o.test>;reason=no-answer;counter=1",
		"History-Info": "<sip:+15550100@o.test>;index=1", "To": `<sip:bob@o.test>`, "Content-Type": "application/sdp",
	}
	for name, w := range want {
		if got := inv.get(name); got != w {
			t.Errorf("%s: %q, want %q", name, got, w)
		}
	}
	if !strings.HasPrefix(inv.start, "INVITE sip:voicemail@o.test;target=sip:bob%40o.test;cause=408 SIP/2.0") {
		t.Error(inv.start)
	}
	if got := inv.get("From"); !strings.HasPrefix(got, `"Ann \"theBYE\" \\ B" <sip:+15550199@here.test>;tag=`) {
		t.Errorf("From %s", got)
	}
	if !strings.HasPrefix(inv.get("Contact"), "<sip:trunk%20user@127.0.0.1:") {
		t.Errorf("Contact %s", inv.get("Contact"))
	}
	within(t, "end", l.Context().Done())
}

func TestWhatCannotBeSent(t *testing.T) {
	u := start(t, Config{}, UDP)
	p := newPeer(t, u)
	tests := map[string]func(*InviteConfig){
		"line break in URI":    func(c *InviteConfig) { c.URI = "sip:a@b\r\nRoute: <sip:evil>" },
		"headers in URI":       func(c *InviteConfig) { c.URI = "sip:a@b?Route=%3Csip:evil%3E" },
		"no host":              func(c *InviteConfig) { c.URI = "sip:" },
		"another scheme":       func(c *InviteConfig) { c.URI = "http://example.test" },
		"line break in From":   func(c *InviteConfig) { c.From.URI = "sip:a\r\nX: y@b" },
		"header of ours":       func(c *InviteConfig) { c.Headers = []Header{{"Via", "x"}} },
		"compact form of ours": func(c *InviteConfig) { c.Headers = []Header{{"i", "x"}} },
		"break in header":      func(c *InviteConfig) { c.Headers = []Header{{"X-A", "1\r\nVia: x"}} },
		"break in header name": func(c *InviteConfig) { c.Headers = []Header{{"X-A: 1\r\nVia", "x"}} },
		"break in identity":    func(c *InviteConfig) { c.Identity.Asserted = "sip:a@b>\r\nX: <y" },
		"no media":             func(c *InviteConfig) { c.Media = nil },
		"no UDP port":          func(c *InviteConfig) { c.Hop = Hop{Transport: "SCTP", Host: "127.0.0.1"} },
	}
	for name, edit := range tests {
		c := InviteConfig{URI: "sip:a@b.test", From: Address{URI: "sip:me@b.test"}, Hop: p.hop(), Media: newPaper("x")}
		edit(&c)
		if _, err := u.Invite(soon(t), c); err == nil {
			t.Errorf("%s was sent", name)
		}
	}
	if u.Calls() != 0 {
		t.Errorf("%d calls are left of none", u.Calls())
	}
}

func TestReoffer(t *testing.T) {
	_, p, l, m, inv := calls(t, Config{T1: shortT1})
	p.reply(inv, "200 OK", "far", answerSDP("first"))
	p.expect("ACK")
	if err := l.WaitAnswer(soon(t)); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- l.Reoffer(context.Background()) }()
	re := p.expect("INVITE")
	if !strings.Contains(re.body, "s=caller-offer2") || tagOf(re.get("To")) != "far" {
		t.Errorf("re-INVITE %+v", re)
	}
	p.reply(re, "491 Request Pending", "")
	p.expect("ACK")
	again := p.expect("INVITE")
	p.reply(again, "200 OK", "", answerSDP("second"))
	if ack := p.expect("ACK"); ack.get("CSeq") != strings.Replace(again.get("CSeq"), "INVITE", "ACK", 1) {
		t.Errorf("ACK %s for %s", ack.get("CSeq"), again.get("CSeq"))
	}
	if err := within(t, "Reoffer", done); err != nil {
		t.Fatal(err)
	}
	if got := m.heard(); got != "first second" {
		t.Errorf("media took %q", got)
	}
	go func() { done <- l.Reoffer(context.Background()) }()
	p.reply(p.expect("INVITE"), "481 Gone", "")
	if err := within(t, "Reoffer", done); err == nil {
		t.Error("481 to a re-INVITE is no error")
	}
	p.reply(p.expect("BYE"), "481 Gone", "")
	within(t, "end", l.Context().Done()) // §12.2.1.2
}

func TestByeRightBehindThe200(t *testing.T) {
	for i := range 50 {
		_, p, l, _, inv := calls(t, Config{})
		p.reply(inv, "200 OK", "far", answerSDP("x"))
		p.send(fmt.Sprintf("BYE sip:x@tandem.test SIP/2.0\nVia: SIP/2.0/UDP %s;branch=z9hG4bKbye%d;rport\nFrom: %s;tag=far\nTo: %s\nCall-ID: %s\nCSeq: 1 BYE\nMax-Forwards: 70\n",
			p.conn.LocalAddr(), i, inv.get("To"), inv.get("From"), inv.get("Call-ID")))
		ended(t, l, call.NormalClearing)
		if l.AnsweredAt().IsZero() {
			t.Fatal("the call was answered before it was ended")
		}
	}
}
